// A worker thread that serves synthetic clips and dies of some of them, as decoders do. Bundled by worker-threads.test.ts.
import { parentPort, workerData } from 'node:worker_threads';
import { ClipReader } from '../src/clip-reader.ts';
import { serveClips, type ToWorker } from '../src/worker-protocol.ts';
import { synthetic } from './synthetic.ts';

const port = parentPort;
if (port === null) throw new Error('run as a worker thread');

/** How often any thread died so far. */
const deaths = new Int32Array(workerData as SharedArrayBuffer);

/** Ways to die; each ends in the middle of a sample. */
const ENDS: Readonly<Record<string, () => void>> = {
  exit: () => process.exit(7),
  throw: () =>
    setImmediate(() => {
      throw new Error('lost its mind');
    }),
  memory: () => {
    const held: number[][] = [];
    for (;;) held.push(Array.from({ length: 1e5 }, (_, i) => i + held.length));
  },
};

serveClips(
  {
    listen: (onMessage) => void port.on('message', (message: ToWorker) => onMessage(message)),
    post: (message, transfer) => port.postMessage(message, [...transfer]),
    close: () => port.close(),
  },
  (options) =>
    new ClipReader(options, async (entry) => {
      // "exit 2 a": the first two threads that open it die.
      const [way = '', times = '0'] = entry.path.split(' ');
      const end = ENDS[way];
      if (end !== undefined && Atomics.add(deaths, Object.keys(ENDS).indexOf(way), 1) < Number(times)) {
        end();
        await new Promise(() => undefined);
      }
      return synthetic(40).open(entry);
    }),
);
