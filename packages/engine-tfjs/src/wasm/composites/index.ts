import type { CompositeKernel, CompositeKernels, CompositeName, Handle } from '@umt/tensor';
import type { WasmContext } from '../context.ts';
import type { WasmHandle } from '../store.ts';
import { gelu, quickGelu } from './activations.ts';
import { attention } from './attention.ts';
import { layerNorm } from './layer-norm.ts';
import { linear } from './linear.ts';
import { l2Normalize, softmaxCrossEntropy } from './normalize.ts';
import { adamw, sumOfSquares } from './optimizer.ts';
import { selectTokens } from './select-tokens.ts';
import type { Tensors, WasmComposite } from './types.ts';

/** Every composite, as the engine offers them: handles are checked and a failure leaves no memory behind. */
export function wasmComposites(context: WasmContext): CompositeKernels {
  const { store } = context;
  const own = (handle: Handle | null): WasmHandle | null => handle && store.own(handle);

  const kernel = <C extends CompositeName, Inputs extends Tensors, Saved extends Tensors>(
    composite: WasmComposite<C, Inputs, Saved>,
  ): Required<CompositeKernel<Parameters<typeof composite.forward>[2]>> => ({
    // the arity of each composite is part of its definition in @umt/tensor
    forward: (inputs, attributes) =>
      store.transaction(() => composite.forward(context, inputs.map(own) as Tensors as Inputs, attributes)),
    backward: (saved, gradient, attributes, needs) =>
      store.transaction(() => {
        const tensors = saved.map(own) as Tensors as Saved;
        const gradients = composite.backward(context, tensors, store.own(gradient), attributes, needs);
        return gradients.map((handle, index) => {
          if (!handle || needs[index]) return handle;
          store.free(handle);
          return null;
        });
      }),
  });

  return {
    linear: kernel(linear),
    layerNorm: kernel(layerNorm),
    gelu: kernel(gelu),
    quickGelu: kernel(quickGelu),
    attention: kernel(attention),
    selectTokens: kernel(selectTokens),
    l2Normalize: kernel(l2Normalize),
    softmaxCrossEntropy: kernel(softmaxCrossEntropy),
    adamw: (handles, attributes) =>
      store.transaction(() => {
        const owned = Object.fromEntries(Object.entries(handles).map(([name, handle]) => [name, store.own(handle)]));
        return adamw(context, owned as Record<keyof typeof handles, WasmHandle>, attributes);
      }),
    sumOfSquares: (handles) =>
      store.transaction(() =>
        sumOfSquares(
          context,
          handles.map((handle) => store.own(handle)),
        ),
      ),
  };
}
