export { describeClassifierFixtures } from './classifier-fixtures.ts';
export { describeEngine, describeOn, isRequired, type EngineTestOptions } from './describe-engine.ts';
export { gradientDeviation, randomNumbers, type Checked } from './finite-differences.ts';
export { createReferenceEngine, fromFloat64, readFloat64, ReferenceEngine } from './reference-engine.ts';
export { createShapeEngine } from './shape-engine.ts';
export { createStorageEngine, haveSameBits, pooledSource } from './storage-engine.ts';
export { describeStage1Fixtures } from './stage1-fixtures.ts';
export { syntheticNumbers, syntheticParameter } from './synthetic.ts';
export { describeVideoMaeFixtures } from './videomae-fixtures.ts';
