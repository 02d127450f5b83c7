import { spawn, spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { beforeAll, describe, expect, it } from 'vitest';
import { bundle } from './support/bundle.ts';

const CHROMIUM = ['chromium', 'chromium-browser', 'google-chrome'].find(
  (command) => spawnSync(command, ['--version']).status === 0,
);
const missing = CHROMIUM === undefined ? ' (skipped: no Chromium on the PATH)' : '';

/** What support/browser-page.ts reports. */
interface PageReport {
  readonly trained: {
    readonly whole: readonly string[];
    readonly steps: readonly string[];
    readonly stoppedAt: number;
    readonly kept: readonly number[];
  };
  readonly store: unknown;
  readonly lock: string;
  readonly failures: Readonly<Record<string, string>>;
  readonly nodeOnly: readonly string[];
}

/** Opens the page and waits for its report. */
async function visit(chromium: string): Promise<PageReport> {
  const folder = await mkdtemp(join(tmpdir(), 'umt-trainer-'));
  const scripts = new Map([
    ['/page.js', await readFile(await bundle('./browser-page.ts', folder, 'browser'))],
    ['/worker.js', await readFile(await bundle('./browser-worker.ts', folder, 'browser'))],
  ]);
  let settle: (report: PageReport) => void = () => {};
  const report = new Promise<PageReport>((resolve, reject) => {
    settle = resolve;
    setTimeout(() => reject(new Error('the page did not report within 50 s')), 50_000).unref();
  });
  const server = createServer((request, response) => {
    const script = scripts.get(request.url ?? '');
    if (request.method === 'POST') {
      void text(request).then((body) => settle(JSON.parse(body) as PageReport));
      response.end();
    } else if (script) response.setHeader('content-type', 'text/javascript').end(script);
    else if (request.url === '/')
      response.setHeader('content-type', 'text/html').end('<script type="module" src="/page.js"></script>');
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  const profile = `--user-data-dir=${join(folder, 'profile')}`;
  const child = spawn(
    chromium,
    ['--headless', '--no-sandbox', '--disable-gpu', profile, `http://127.0.0.1:${port}/`],
    { stdio: 'ignore', detached: true }, // its own group, so that its helpers end with it
  );
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  try {
    return await report;
  } finally {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    await exited;
    server.closeAllConnections();
    server.close();
    await rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
  }
}

describe.skipIf(CHROMIUM === undefined)(`in Chromium${missing}`, () => {
  let page: PageReport;
  beforeAll(async () => {
    page = await visit(CHROMIUM ?? '');
  }, 60_000);

  it('trains in a Web Worker with checkpoints in the origin-private file system, stopped and resumed', () => {
    expect(page.trained.whole.length).toBe(15);
    expect(page.trained.steps).toEqual(page.trained.whole);
    expect(page.trained.stoppedAt).toBeGreaterThanOrEqual(6);
    expect(page.trained.stoppedAt).toBeLessThan(15);
    expect(page.trained.kept[0]).toBe(15);
  });

  it('keeps, checks and prunes checkpoints as in Node', () => {
    expect(page.store).toEqual({
      notes: { loss: 0.2, measured: 4 },
      empty: { complete: [], damaged: [] },
      complete: [2, 1],
      damaged: [
        'the checkpoint step-00000003 in the origin-private file system, runs/store is damaged: it has no manifest.json, so it was never finished',
      ],
      text: 'weights of 2',
      folders: ['step-00000002'],
    });
  });

  it('refuses a second run in one place as long as the first holds it', () => {
    expect(page.lock).toMatch(/^FolderInUseError: runs\/locked is in use by another run of this site/);
  });

  it('reports every way a worker can end', () => {
    expect(page.failures).toEqual({
      throws: 'RunError: wrong on purpose',
      crashes: 'WorkerDiedError: the worker of this run died: Uncaught Error: out of luck',
      closes: 'WorkerDiedError: the worker of this run died: it ended without an answer (out of memory, or closed)',
      missing: 'WorkerDiedError: the worker of this run died: its script could not be loaded',
    });
  });

  it('says of what only Node has what to use instead', () => {
    expect(page.nodeOnly).toEqual([
      'Error: folderStore: browsers have no folder runs; use originPrivateStore, or memoryStore for tests',
      'Error: fileSink: browsers have no file log; hand the log a sink of your own',
      'Error: stopOnSignals: browsers have no signals; call stop() of the run handle',
    ]);
  });
});
