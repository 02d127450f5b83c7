// A program of its own: trains in a folder, one line of exact numbers per step, and kills itself where it is told to.
import { appendFileSync } from 'node:fs';
import { systemDisk, type Disk } from '../../src/disk.node.ts';
import { folderFiles } from '../../src/folder-store.node.ts';
import { checkpointStore } from '../../src/index.ts';
import { exact, runTiny } from './tiny-run.ts';

const [folder = '', log = '', killAt = '', epochs = '3'] = process.argv.slice(2);

function die(): never {
  process.kill(process.pid, 'SIGKILL');
  for (;;); // the signal takes effect at once or soon
}

/** Counts what changes the disk, and dies at the operation it is told, in the middle of it where that is a write. */
function fragile(disk: Disk, operation: number): Disk {
  let count = 0;
  const before = <T>(work: () => Promise<T>): Promise<T> => (++count === operation ? die() : work());
  return {
    ...disk,
    mkdir: (path) => before(() => disk.mkdir(path)),
    rename: (from, to) => before(() => disk.rename(from, to)),
    rm: (path) => before(() => disk.rm(path)),
    async open(path, flags) {
      const file = await (flags === 'wx' ? before(() => disk.open(path, flags)) : disk.open(path, flags));
      return {
        read: (...of) => file.read(...of),
        stat: () => file.stat(),
        close: () => file.close(),
        sync: () => before(() => file.sync()),
        async write(bytes, offset, length) {
          if (++count !== operation) return file.write(bytes, offset, length);
          await file.write(bytes, offset, length >> 1);
          return die();
        },
      };
    },
  };
}

const [kind, number] = killAt.split(':');
const disk = kind === 'disk' ? fragile(systemDisk, Number(number)) : systemDisk;
const store = checkpointStore(folderFiles(folder, disk));
await runTiny(
  { epochs: Number(epochs), checkpoints: { store, everySteps: 2, everyEpochs: 0 } },
  { noise: 0.1 },
  {
    onEvent(event) {
      if (event.type === 'step') appendFileSync(log, `${exact(event)}\n`);
      if (event.type === 'checkpoint') appendFileSync(`${log}.saved`, `${event.step}\n`);
      if (event.type === 'step' && kind === 'step' && event.step === Number(number)) die();
    },
  },
);
