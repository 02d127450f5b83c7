export * from './index.ts';
export { pretrain, startPretraining } from './node/pretrain.ts';
