import { parseArgs } from 'node:util';
import { TorchUnavailableError } from '../errors.ts';
import { buildBridge } from './build.ts';
import { createEngine } from './create.ts';
import { findTorch } from './find-torch.ts';

const HELP = `Usage: engine-torch build [options]

Compiles the bridge between Node and libtorch, once for each torch: the one that LIBTORCH names, else
the one that python would import, else the system's. Needs g++ (or the compiler that CXX names).

Options:
  --json     print the result as JSON
  --verbose  print each command, and all that the compiler says
  --help     print this`;

/** Prints a line. */
type Print = (line: string) => void;

/** The command line: prints what came of it and gives the exit code, 0 when the bridge is there and works. */
export async function runCommand(words: readonly string[], out: Print, err: Print): Promise<number> {
  let isVerbose = words.includes('--verbose');
  try {
    const { values, positionals } = parseArgs({
      args: [...words],
      allowPositionals: true,
      options: {
        json: { type: 'boolean', default: false },
        verbose: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
    isVerbose = values.verbose;
    if (values.help) {
      out(HELP);
      return 0;
    }
    if (positionals.length !== 1 || positionals[0] !== 'build') {
      err(`engine-torch: ${positionals.length === 0 ? 'no command' : `unknown command '${positionals.join(' ')}'`}`);
      err('run: engine-torch build, or engine-torch --help');
      return 2;
    }
    await build(values.json, isVerbose ? err : () => {}, out, err);
    return 0;
  } catch (error) {
    err(error instanceof Error ? error.message : String(error));
    if (isVerbose && error instanceof TorchUnavailableError && error.cause instanceof Error) {
      const { cause } = error;
      err('stderr' in cause ? String(cause.stderr) : (cause.stack ?? cause.message));
    }
    return 1;
  }
}

async function build(asJson: boolean, onCommand: Print, out: Print, err: Print): Promise<void> {
  const torch = findTorch();
  if (!asJson) out(`torch ${torch.version} (${torch.source}) in ${torch.libraries}`);
  const { bridge, wasCached } = await buildBridge(torch, onCommand);
  // what was built must also load and compute
  const engine = createEngine({ device: 'auto' });
  const { deviceName, threads } = engine.capabilities;
  engine.dispose();
  const { blas } = torch;
  if (blas.isReference) {
    err(
      `torch: ${blas.name}: matrix products are some 60 times slower than need be; run: apt-get install libopenblas0-openmp`,
    );
  }
  if (asJson) out(JSON.stringify({ bridge, wasCached, torch, deviceName, threads }, null, 2));
  else out(`${wasCached ? 'already built' : 'built'}: ${bridge}\n${deviceName}`);
}
