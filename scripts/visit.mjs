// @ts-check
import { chromium } from 'playwright';

/**
 * Starts a headless Chromium with an empty profile, which asks nobody but the pages it is given.
 * @param {string} executablePath
 */
export function launchChromium(executablePath) {
  const quiet = ['quic', 'background-networking', 'component-update', 'sync'].map((what) => `--disable-${what}`);
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu', '--no-first-run', ...quiet] });
}

/**
 * What went wrong and what was said while a page ran.
 * @typedef {object} Visit
 * @property {readonly string[]} problems errors on the console, uncaught errors, requests that failed
 * @property {readonly string[]} lines everything the page printed
 * @property {unknown} result what the page left in `globalThis.result`
 */

/**
 * Opens a page and waits until it sets `globalThis.result`, or until something goes wrong that will keep it from that.
 * @param {import('playwright').Browser} browser
 * @param {string} address
 * @param {{ readonly timeoutSeconds?: number }} [options]
 * @returns {Promise<Visit>}
 */
export async function visit(browser, address, { timeoutSeconds = 60 } = {}) {
  const context = await browser.newContext();
  const page = await context.newPage();
  /** @type {string[]} */
  const problems = [];
  /** @type {string[]} */
  const lines = [];
  const died = new Promise((resolve) => {
    page.once('pageerror', (error) => {
      problems.push(`uncaught: ${error.stack ?? error.message}`);
      resolve(undefined);
    });
  });
  page.on('console', (message) => {
    lines.push(message.text());
    if (message.type() === 'error') problems.push(`console: ${message.text()} (${message.location().url})`);
  });
  page.on('requestfailed', (request) => {
    const why = request.failure()?.errorText;
    if (why !== 'net::ERR_ABORTED') problems.push(`${request.url()}: ${why}`); // aborted: the page had read enough
  });
  page.on('response', (answer) => {
    if (answer.status() >= 400) problems.push(`${answer.url()}: ${answer.status()}`);
  });
  try {
    await page.goto(address);
    const finished = page
      .waitForFunction(() => 'result' in globalThis, undefined, { timeout: timeoutSeconds * 1000 })
      .catch((error) => (error.name === 'TimeoutError' ? `it did not finish within ${timeoutSeconds} s` : undefined));
    const late = await Promise.race([finished, died]);
    if (typeof late === 'string') problems.push(late);
    const result = await page.evaluate(() => /** @type {{ result?: unknown }} */ (globalThis).result);
    return { problems: [...new Set(problems)], lines, result };
  } finally {
    await context.close();
  }
}
