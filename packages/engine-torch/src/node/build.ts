import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { TorchUnavailableError } from '../errors.ts';
import type { FoundTorch } from '../options.ts';
import { bridgeFilesFor, compilerFlags, nodeHeaders, SOURCES, type BridgeFiles } from './bridge-files.ts';

/** What building came to. */
export interface BuiltBridge extends BridgeFiles {
  /** Whether it was there already. */
  readonly wasCached: boolean;
}

/** Hears each command before it runs. */
export type OnCommand = (command: string) => void;

/**
 * Compiles the bridge against a torch, unless the user's cache has it. Takes 10 to 20 seconds of one core.
 * @throws TorchUnavailableError 'compiler' where there is none, 'build-failed' with the compiler's first error
 */
export async function buildBridge(torch: FoundTorch, onCommand: OnCommand = () => {}): Promise<BuiltBridge> {
  const files = bridgeFilesFor(torch);
  if (existsSync(files.bridge) && existsSync(files.environment)) return { ...files, wasCached: true };
  await mkdir(files.folder, { recursive: true });
  const node = ['-isystem', nodeHeaders()];
  const bridge = [
    ...compilerFlags(torch),
    ...node,
    ...torch.includes.flatMap((folder) => (folder === '/usr/include' ? [] : ['-isystem', folder])),
    join(SOURCES, 'bridge.cc'),
    ...[`-L${torch.libraries}`, `-Wl,-rpath,${torch.libraries}`, '-ltorch_cpu', '-lc10', '-ldl'],
  ];
  const environment = ['-shared', '-fPIC', '-O1', ...node, join(SOURCES, 'environment.cc')];
  await Promise.all([compile(bridge, files.bridge, onCommand), compile(environment, files.environment, onCommand)]);
  return { ...files, wasCached: false };
}

/** Compiles to a name of its own first: two builds at once, or one cut off, leave no half file. */
async function compile(flags: readonly string[], output: string, onCommand: OnCommand): Promise<void> {
  const compiler = process.env['CXX'] || 'g++';
  const unfinished = `${output}.${process.pid}`;
  const all = [...flags.slice(0, 3), '-o', unfinished, ...flags.slice(3)];
  onCommand([compiler, ...all].join(' '));
  try {
    await promisify(execFile)(compiler, all, { maxBuffer: 1 << 26 });
  } catch (error) {
    await rm(unfinished, { force: true });
    throw explained(compiler, error);
  }
  await rename(unfinished, output);
}

function explained(compiler: string, error: unknown): TorchUnavailableError {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
    return new TorchUnavailableError(
      'compiler',
      `no C++ compiler: ${compiler} is not on the PATH; run: apt-get install g++, or name one in CXX`,
      { cause: error },
    );
  }
  const output = error instanceof Error && 'stderr' in error ? String(error.stderr) : String(error);
  const lines = output.split('\n');
  const first = lines.find((line) => /\berror\b|undefined reference|cannot find/.test(line)) ?? lines[0] ?? '';
  return new TorchUnavailableError(
    'build-failed',
    `the bridge does not compile: ${first.trim()}; run npx @umt/engine-torch build --verbose for all`,
    { cause: error },
  );
}
