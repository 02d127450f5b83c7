import type { Engine } from './engine.ts';
import type { Tensor } from './tensor.ts';

let ambient: Engine | undefined;

/** Makes `engine` the one on which `tensor`, `zeros` and the other makers put new tensors. Operations run where their inputs are. */
export function setEngine(engine: Engine | undefined): void {
  ambient = engine;
}

/** The engine of `setEngine`. Throws when there is none. */
export function getEngine(): Engine {
  if (!ambient) throw new Error('no engine is set; call setEngine(await createWasmEngine()) or use @umt/runtime first');
  return ambient;
}

/** The one engine that holds every input, or the ambient one when there are no inputs. */
export function engineOf(operation: string, inputs: readonly (Tensor | null)[]): Engine {
  let engine: Engine | undefined;
  for (const input of inputs) {
    if (!input) continue;
    engine ??= input.engine;
    if (input.engine !== engine) {
      throw new Error(
        `${operation}: inputs are on two engines, '${engine.name}' and '${input.engine.name}'; read one and upload it to the other`,
      );
    }
  }
  return engine ?? getEngine();
}
