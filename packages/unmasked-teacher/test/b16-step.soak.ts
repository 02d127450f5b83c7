import { expect, test } from 'vitest';
import { expectB16Step } from './b16-step.ts';
import { isBuilt } from './cli.ts';

test.skipIf(!isBuilt)(
  'a whole B/16 step on one clip holds its bars with onnxruntime-node and with XNNPACK alone, and is the same step',
  async () => {
    const loss = await expectB16Step('onnxruntime');
    expect(await expectB16Step('xnnpack')).toBeCloseTo(loss, 4);
  },
);
