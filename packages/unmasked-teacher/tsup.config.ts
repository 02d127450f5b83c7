import { packageConfig } from '../../tsup.base.ts';

export default packageConfig([
  'src/index.ts',
  'src/index.node.ts',
  'src/pretrain-worker.node.ts',
  'src/finetune-worker.node.ts',
  'src/evaluate-worker.node.ts',
  'src/bin.ts',
]);
