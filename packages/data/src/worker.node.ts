import { parentPort } from 'node:worker_threads';
import { ClipReader } from './clip-reader.ts';
import { entryOpener } from './open-entry.ts';
import { openShardSet } from './shards/open-shard-set.node.ts';
import { serveClips, type ToWorker } from './worker-protocol.ts';

const port = parentPort;
if (port === null) throw new Error('worker.node.js is started by @umt/data, not run by itself');

serveClips(
  {
    listen: (onMessage) => void port.on('message', (message: ToWorker) => onMessage(message)),
    post: (message, transfer) => port.postMessage(message, [...transfer]),
    close: () => port.close(),
  },
  (options) => new ClipReader(options, entryOpener(options, openShardSet)),
);
