export { createReferenceEngine, fromFloat64, readFloat64, ReferenceEngine } from './reference-engine.ts';
