// One rank of a run, as its environment says: sums and gathers, then trains two models, and does so once more over the ring, meeting at
// the port of the first word; prints what it saw as a line of JSON each time.
import { asRank } from './as-rank.ts';
import { trainContrastive } from './contrastive.ts';
import { trainStage1 } from './stage1.ts';
import { sumAndGather } from './sums.ts';

const [ringPort] = process.argv.slice(2);

for (const environment of [{}, { UMT_COLLECTIVE: 'ring', MASTER_PORT: ringPort }]) {
  Object.assign(process.env, environment);
  await asRank(async (collective) => ({
    transport: collective.transport,
    sums: await sumAndGather(collective),
    stage1: await trainStage1(collective),
    contrastive: await trainContrastive(collective),
  }));
  if (process.exitCode) break;
}
