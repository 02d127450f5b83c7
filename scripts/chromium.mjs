// @ts-check
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { chromium } from 'playwright-core';

/**
 * The Chromium of this machine: what UMT_CHROMIUM names, or the first on the PATH.
 * @returns {string | undefined}
 */
export function findChromium() {
  const named = process.env['UMT_CHROMIUM'];
  if (named !== undefined) return named;
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  return ['chromium', 'chromium-browser', 'google-chrome']
    .flatMap((command) => folders.map((folder) => join(folder, command)))
    .find((file) => existsSync(file));
}

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
 * @param {import('playwright-core').Browser} browser
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
  /** @type {(why: string) => void} */
  let giveUp = () => undefined;
  const died = new Promise((resolve) => (giveUp = resolve)).then((why) => void problems.push(String(why)));
  page.on('console', (message) => {
    lines.push(message.text());
    if (message.type() === 'error') problems.push(`console: ${message.text()} (${message.location().url})`);
  });
  page.on('pageerror', (error) => giveUp(`uncaught: ${error.stack ?? error.message}`));
  page.on('requestfailed', (request) => problems.push(`${request.url()}: ${request.failure()?.errorText}`));
  page.on('response', (answer) => {
    if (answer.status() >= 400) problems.push(`${answer.url()}: ${answer.status()}`);
  });
  try {
    await page.goto(address);
    const finished = page
      .waitForFunction(() => 'result' in globalThis, undefined, { timeout: timeoutSeconds * 1000 })
      .catch(() => void problems.push(`the page did not finish within ${timeoutSeconds} s`));
    await Promise.race([finished, died]);
    const result = await page.evaluate(() => /** @type {{ result?: unknown }} */ (globalThis).result);
    return { problems, lines, result };
  } finally {
    await context.close();
  }
}
