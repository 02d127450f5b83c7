// One rank of a run with checkpoints, in the folder of the first word, that kills itself where the second says: <rank>:<step>.
import { folderStore } from '@umt/trainer';
import { asRank } from './as-rank.ts';
import { trainContrastive } from './contrastive.ts';

const [folder = '', killAt = ''] = process.argv.slice(2);

await asRank((collective) =>
  trainContrastive(collective, folderStore(folder), (step) => {
    if (`${collective.rank}:${step}` === killAt) process.kill(process.pid, 'SIGKILL');
  }),
);
