import { packageConfig } from '../../tsup.base.ts';

export default packageConfig(['src/index.ts', 'src/index.node.ts', 'src/clip-worker.node.ts']);
