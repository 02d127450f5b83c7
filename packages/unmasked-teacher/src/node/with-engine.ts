import { loadEngine, type Picked } from '@umt/runtime';
import { setEngine, type Engine, type Membership } from '@umt/tensor';

/**
 * Runs something with an engine as the ambient one, and lets the engine go after it.
 *
 * @param device as for `pretrain`; undefined is the environment's UMT_DEVICE, or the best that is here
 * @param membership the run of several processes that this one is part of; null, the default, for none
 * @throws DeviceError of @umt/runtime when it does not start
 */
export async function withEngine<T>(
  device: string | undefined,
  run: (picked: Picked, engine: Engine) => Promise<T>,
  membership: Membership | null = null,
): Promise<T> {
  const { engine, picked } = await loadEngine({ ...(device !== undefined && { device }), membership });
  setEngine(engine);
  try {
    return await run(picked, engine);
  } finally {
    setEngine(undefined);
    engine.dispose();
  }
}
