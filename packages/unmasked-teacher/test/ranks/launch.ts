import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { createServer } from 'node:net';
import type { Readable } from 'node:stream';
import { ROOT } from '../small.ts';

/** How one process ended. */
export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
  /** When, in milliseconds of `performance.now()`. */
  readonly at: number;
}

type Child = ChildProcessByStdio<null, Readable, Readable>;

/** One process of a run. */
export interface Started {
  readonly child: Child;
  readonly ended: Promise<Ended>;
}

/** A port that nobody has. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (typeof address !== 'object' || address === null) throw new Error('no free port');
  return address.port;
}

/** What a launcher tells each process. */
export function environmentOf(rank: number, worldSize: number, port: number): NodeJS.ProcessEnv {
  return {
    RANK: String(rank),
    WORLD_SIZE: String(worldSize),
    LOCAL_RANK: String(rank),
    MASTER_ADDR: '127.0.0.1',
    MASTER_PORT: String(port),
    OMP_NUM_THREADS: '1',
  };
}

/** Starts a Node program as one process. */
export function start(words: readonly string[], environment: NodeJS.ProcessEnv): Started {
  return watch(
    spawn(process.execPath, [...words], {
      cwd: ROOT,
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    }),
  );
}

/** Gathers what a process prints. */
export function watch(child: Child): Started {
  let [out, err] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, out, err, at: performance.now() }));
  });
  return { child, ended };
}

/** Starts a program in as many processes as a run has ranks, with variables that all of them get. */
export async function launch(
  words: readonly string[],
  worldSize: number,
  environment: NodeJS.ProcessEnv = {},
): Promise<readonly Started[]> {
  const port = await freePort();
  return Array.from({ length: worldSize }, (_, rank) =>
    start(words, { ...environmentOf(rank, worldSize, port), ...environment }),
  );
}

/** Runs a program in processes that all must end well; returns the lines that each printed, as JSON. */
export async function resultsOf<T>(words: readonly string[], worldSize: number): Promise<readonly (readonly T[])[]> {
  const processes = await launch(words, worldSize);
  const all = await Promise.all(processes.map(({ ended }) => ended));
  return all.map(({ code, out, err }, rank) => {
    if (code !== 0) throw new Error(`rank ${rank} of ${worldSize} ended with ${code}: ${err}`);
    return out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as T);
  });
}
