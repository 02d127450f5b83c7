import { packageConfig } from '../../tsup.base.ts';

export default packageConfig([
  'src/index.ts',
  'src/index.node.ts',
  'src/worker.ts',
  'src/worker.node.ts',
  'src/shard-worker.node.ts',
]);
