import { getEngine, setEngine, type Engine } from '@umt/tensor';

/** The engine of `setEngine`, where there is one. */
export function ambientEngine(): Engine | undefined {
  try {
    return getEngine();
  } catch {
    return undefined;
  }
}

/** Runs something synchronous with `engine` as the ambient one. */
export function withAmbient<T>(engine: Engine, run: () => T): T {
  const before = ambientEngine();
  setEngine(engine);
  try {
    return run();
  } finally {
    setEngine(before);
  }
}
