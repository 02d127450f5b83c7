import { installedVersion } from '@umt/runtime';
import { test } from 'vitest';
import { expectB16Step } from './b16-step.ts';
import { isBuilt } from './cli.ts';

const hasOnnxRuntime = (await installedVersion(['@umt/engine-tfjs', 'onnxruntime-node'], import.meta.url)) !== null;
const isOnnxRuntimeRequired = Boolean(process.env['UMT_REQUIRE_ENGINES']);

// A slice of b16-step.soak.ts: with one of the two.
test.skipIf(!isBuilt)(
  'a whole B/16 step on one clip holds its bars (skipped where pnpm build has not run)',
  async () => void (await expectB16Step(hasOnnxRuntime || isOnnxRuntimeRequired ? 'onnxruntime' : 'xnnpack')),
  400_000,
);
