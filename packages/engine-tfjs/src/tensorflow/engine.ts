import type { Shape } from '@umt/tensor';
import { KernelEngine, type KernelHandle, type KernelPrimitives } from '../kernels/engine.ts';
import { kernelPrimitives } from '../kernels/primitives.ts';
import { sameShape } from '../loops/binary.ts';

/** The name of the kernel that is added to tfjs-node's. */
export const SUM_IN_DOUBLE = 'UmtSumInDouble';

/** The engine over tfjs-node's kernels. */
export class TensorFlowEngine extends KernelEngine {
  /** TensorFlow's tensors know their shapes, so another shape is another tensor (over the same memory). */
  override share(handle: KernelHandle, shape: Shape = handle.shape): KernelHandle {
    if (sameShape(handle.shape, shape)) return super.share(handle);
    return given(this.kernel('Reshape', { x: handle }, { shape: [...shape] })[0]);
  }
}

/** Where tfjs-node's kernels differ from the contract. */
export const tensorFlowOverrides: Partial<KernelPrimitives> = {
  // TensorFlow joins two or more
  concat: (engine, inputs, attributes) =>
    inputs.length === 1 ? [engine.share(given(inputs[0]))] : kernelPrimitives.concat(engine, inputs, attributes),
  // a mean of large numbers loses its last digits in float32
  sum: (engine, [x], attributes) =>
    given(x).dtype === 'float32'
      ? engine.kernel(SUM_IN_DOUBLE, [given(x)], attributes)
      : kernelPrimitives.sum(engine, [given(x)], attributes),
};

function given(handle: KernelHandle | undefined): KernelHandle {
  if (!handle) throw new Error('tensorflow: a primitive was called with too few inputs');
  return handle;
}
