import { loadEngine, type Picked } from '@umt/runtime';
import { setEngine } from '@umt/tensor';

/**
 * Runs something with an engine as the ambient one, and lets the engine go after it.
 *
 * @param device as for `pretrain`; undefined is the environment's UMT_DEVICE, or the best that is here
 * @throws DeviceError of @umt/runtime when it does not start
 */
export async function withEngine<T>(device: string | undefined, run: (picked: Picked) => Promise<T>): Promise<T> {
  const { engine, picked } = await loadEngine(device === undefined ? {} : { device });
  setEngine(engine);
  try {
    return await run(picked);
  } finally {
    setEngine(undefined);
    engine.dispose();
  }
}
