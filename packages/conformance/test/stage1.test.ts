import { createReferenceEngine } from '../src/reference-engine.ts';
import { describeStage1Fixtures } from '../src/stage1-fixtures.ts';

describeStage1Fixtures('the float64 reference engine', createReferenceEngine);
