import { createTorchEngine } from '@umt/engine-torch';
import {
  describeClassifierFixtures,
  describeEngine,
  describeStage1Fixtures,
  describeVideoMaeFixtures,
} from '../src/index.ts';

const create = () => createTorchEngine({ device: 'cpu' });

await describeEngine('torch', create);
await describeStage1Fixtures('torch', create);
await describeVideoMaeFixtures('torch', create);
await describeClassifierFixtures('torch', create);
