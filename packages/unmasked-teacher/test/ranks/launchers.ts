import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { PYTHON } from '../python-torch.ts';
import { freePort, start, watch, type Started } from './launch.ts';

/** What Slurm tells each process of a step of one node: nothing else is set. */
function slurmEnvironment(rank: number, worldSize: number, job: number): NodeJS.ProcessEnv {
  return {
    SLURM_PROCID: String(rank),
    SLURM_LOCALID: String(rank),
    SLURM_NTASKS: String(worldSize),
    SLURM_JOB_ID: String(job),
    SLURM_JOB_NODELIST: 'elsewhere[1-2],localhost',
    SLURM_STEP_NODELIST: 'localhost',
    OMP_NUM_THREADS: '1',
  };
}

/** Starts a Node program as Slurm's srun does. */
export async function srun(words: readonly string[], worldSize: number): Promise<readonly Started[]> {
  const job = await freeJob();
  return Array.from({ length: worldSize }, (_, rank) => start(words, slurmEnvironment(rank, worldSize, job)));
}

/** A job's number whose port nobody has. */
async function freeJob(): Promise<number> {
  for (;;) {
    const job = 7_000_000 + Math.floor(10_000 * Math.random());
    const server = createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false)).listen(20_000 + (job % 10_000), () => resolve(true));
    });
    await new Promise((resolve) => server.close(resolve));
    if (isFree) return job;
  }
}

/**
 * Starts a Node program with torchrun, whose errors go to files in a folder: torchrun of torch 1.13 crashes under Python 3.11
 * without `--redirects` and `--tee`.
 */
export async function torchrun(words: readonly string[], worldSize: number, folder: string): Promise<Started> {
  const flags = {
    nproc_per_node: worldSize,
    master_port: await freePort(),
    monitor_interval: 0.1,
    ...{ redirects: 2, tee: 1, log_dir: folder },
  };
  const own = Object.entries(flags).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const program = ['-m', 'torch.distributed.run', ...own, '--no_python', process.execPath, ...words];
  return watch(spawn(PYTHON, program, { stdio: ['ignore', 'pipe', 'pipe'] }));
}
