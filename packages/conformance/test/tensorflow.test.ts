import { createTensorFlowEngine } from '@umt/engine-tfjs';
import {
  describeClassifierFixtures,
  describeEngine,
  describeStage1Fixtures,
  describeVideoMaeFixtures,
} from '../src/index.ts';

const create = () => createTensorFlowEngine();

await describeEngine('tensorflow', create);
await describeStage1Fixtures('tensorflow', create);
await describeVideoMaeFixtures('tensorflow', create);
await describeClassifierFixtures('tensorflow', create);
