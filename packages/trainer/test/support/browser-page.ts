// Runs in Chromium (see browser.test.ts) and posts what it saw back to the test.
import {
  fileSink,
  folderStore,
  originPrivateStore,
  startRun,
  stopOnSignals,
  type TrainingEvent,
} from '../../src/index.ts';
import type { BrowserOrder } from './browser-worker.ts';

const worker = () => new URL('/worker.js', location.href);
const start = (order: BrowserOrder, onEvent: (event: TrainingEvent) => void = () => {}) =>
  startRun<BrowserOrder, readonly string[]>(worker(), order, { onEvent });
const failure = async (run: { readonly result: Promise<unknown> }) => {
  const error: unknown = await run.result.then(
    () => 'no failure',
    (reason: unknown) => reason,
  );
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
};
const thrown = (call: () => unknown) => {
  try {
    call();
    return 'nothing';
  } catch (error) {
    return String(error);
  }
};

async function trainAndStop() {
  const first = start({ do: 'train', folder: 'runs/stopped' }, (event) => {
    if (event.type === 'step' && event.step === 6) first.stop();
  });
  const before = await first.result;
  const after = await start({ do: 'train', folder: 'runs/stopped' }).result;
  const kept = (await originPrivateStore('runs/stopped').list()).complete.map(({ step }) => step);
  const whole = await start({ do: 'train', folder: 'runs/whole' }).result;
  return { whole, steps: [...before, ...after], stoppedAt: before.length, kept };
}

async function storeFacts() {
  const store = originPrivateStore('runs/store');
  const empty = await store.list();
  for (const step of [1, 2, 3]) {
    const bytes = new TextEncoder().encode(`weights of ${step}`);
    const pieces = [bytes.subarray(0, 3), bytes.subarray(3)];
    await store.save(step, [{ name: 'model', byteLength: bytes.byteLength, pieces }], { loss: step / 10 });
  }
  const root = await navigator.storage.getDirectory();
  const folder = await (await root.getDirectoryHandle('runs')).getDirectoryHandle('store');
  await (await folder.getDirectoryHandle('step-00000003')).removeEntry('manifest.json');
  const { complete, damaged } = await store.list();
  const [newest] = complete;
  const source = newest && (await store.open(newest, 'model'));
  const text = source && new TextDecoder().decode(await source.read(0, source.byteLength));
  await store.annotate(2, { measured: 4 });
  const notes = (await store.list()).complete[0]?.metadata;
  await store.prune((entries) => new Set(entries.slice(0, 1).map(({ step }) => step)));
  const folders: string[] = [];
  for await (const name of folder.keys()) folders.push(name);
  return { notes, empty, complete: complete.map(({ step }) => step), damaged, text, folders };
}

/** What a second holder of a place is told, and whether it gets it once the first lets go. */
async function lockFacts() {
  const [one, other] = [originPrivateStore('runs/locked'), originPrivateStore('runs/locked')];
  const lock = await one.lock();
  const refused = await other.lock().then(String, String);
  await lock.release();
  await (await other.lock()).release();
  return refused;
}

const report = {
  lock: await lockFacts(),
  trained: await trainAndStop(),
  store: await storeFacts(),
  failures: {
    throws: await failure(start({ do: 'throw' })),
    crashes: await failure(start({ do: 'crash later' })),
    closes: await failure(start({ do: 'close itself' })),
    missing: await failure(startRun(new URL('/none.js', location.href), null)),
  },
  nodeOnly: [
    thrown(() => folderStore('runs')),
    thrown(() => fileSink('log')),
    thrown(() => stopOnSignals({ stop() {} })),
  ],
};
await fetch('/done', { method: 'POST', body: JSON.stringify(report) });
