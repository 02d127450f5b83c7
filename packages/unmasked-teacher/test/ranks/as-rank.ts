import { joinCollective, loadEngine, membershipFromEnvironment } from '@umt/runtime';
import { setEngine, type Collective } from '@umt/tensor';

/** Runs this process as one rank of a run, as its environment says, and prints what comes of it as JSON. */
export async function asRank(run: (collective: Collective) => Promise<unknown>): Promise<void> {
  const membership = membershipFromEnvironment(process.env);
  const { engine } = await loadEngine({ device: 'torch:cpu', membership });
  setEngine(engine);
  const collective = await joinCollective(engine, membership);
  try {
    const result = await run(collective);
    await collective.leave();
    process.stdout.write(JSON.stringify(result));
  } catch (error) {
    process.stderr.write(error instanceof Error ? `${error.name}: ${error.message}\n` : String(error));
    process.exitCode = 1;
  } finally {
    collective.dispose();
    engine.dispose();
  }
}
