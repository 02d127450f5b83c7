// One rank of a run, as its environment says: sums and gathers, then trains two models; prints what it saw as JSON.
import { asRank } from './as-rank.ts';
import { trainContrastive } from './contrastive.ts';
import { trainStage1 } from './stage1.ts';
import { sumAndGather } from './sums.ts';

await asRank(async (collective) => ({
  sums: await sumAndGather(collective),
  stage1: await trainStage1(collective),
  contrastive: await trainContrastive(collective),
}));
