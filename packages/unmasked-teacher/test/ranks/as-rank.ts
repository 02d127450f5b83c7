import { joinCollective, loadEngine, membershipFromEnvironment } from '@umt/runtime';
import { setEngine, type JoinedCollective } from '@umt/tensor';

/** Runs this process as one rank of a run, as its environment says, and prints what comes of it as a line of JSON. */
export async function asRank(run: (collective: JoinedCollective) => Promise<unknown>): Promise<void> {
  const membership = membershipFromEnvironment(process.env);
  const { engine } = await loadEngine({ device: 'torch:cpu', membership });
  setEngine(engine);
  const collective = await joinCollective(engine, membership);
  try {
    const result = await run(collective);
    await collective.leave();
    process.stdout.write(`${JSON.stringify(result)}\n`);
  } catch (error) {
    process.stderr.write(error instanceof Error ? `${error.name}: ${error.message}\n` : String(error));
    process.exitCode = 1;
  } finally {
    collective.dispose();
    engine.dispose();
  }
}
