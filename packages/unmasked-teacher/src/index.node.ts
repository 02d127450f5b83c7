export * from './index.ts';
export { evaluate, startEvaluation } from './node/evaluate.ts';
export { finetune, startFinetuning } from './node/finetune.ts';
export { pretrain, startPretraining } from './node/pretrain.ts';
