// A program of its own: trains in a folder, one line of exact numbers per step, and kills itself where it is told to.
import { appendFileSync } from 'node:fs';
import { folderFiles } from '../../src/folder-store.node.ts';
import { checkpointStore, type CheckpointFiles } from '../../src/index.ts';
import { exact, runTiny } from './tiny-run.ts';

const [folder = '', log = '', killAt = ''] = process.argv.slice(2);

function die(): never {
  process.kill(process.pid, 'SIGKILL');
  for (;;); // the signal takes effect at once or soon
}

/** Counts writes and commits, and dies in the middle of the one it is told. */
function fragile(files: CheckpointFiles, operation: number): CheckpointFiles {
  let count = 0;
  const isFatal = () => ++count === operation;
  return {
    ...files,
    async create(name) {
      const writer = await files.create(name);
      return {
        async write(file, bytes) {
          if (!isFatal()) return writer.write(file, bytes);
          await writer.write(file, bytes.subarray(0, bytes.length >> 1));
          die();
        },
        async commit() {
          if (isFatal()) die();
          await writer.commit();
          if (isFatal()) die();
        },
      };
    },
  };
}

const [kind, number] = killAt.split(':');
const files = folderFiles(folder);
const store = checkpointStore(kind === 'write' ? fragile(files, Number(number)) : files);
await runTiny(
  { checkpoints: { store, everySteps: 2, everyEpochs: 0 } },
  { noise: 0.1 },
  {
    onEvent(event) {
      if (event.type === 'step') appendFileSync(log, `${exact(event)}\n`);
      if (event.type === 'step' && kind === 'step' && event.step === Number(number)) die();
    },
  },
);
