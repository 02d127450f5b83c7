export { type RandomKey, streamNumber } from './key.ts';
export { philox4x32 } from './philox.ts';
export { random, RandomStream, type TruncatedNormal } from './stream.ts';
