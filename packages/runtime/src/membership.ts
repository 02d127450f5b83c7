import { singleProcess, type Engine, type JoinedCollective, type Membership } from '@umt/tensor';
import { DeviceError } from './device-error.ts';

/** Environment variables. */
type Environment = Readonly<Record<string, string | undefined>>;

/** What a launcher set is incomplete or contradicts itself. One line that names the variable. */
export class LaunchError extends Error {
  override readonly name = 'LaunchError';
}

/**
 * The place of this process in a run of several, from what its launcher set: torchrun or a plain environment (RANK,
 * WORLD_SIZE, LOCAL_RANK, MASTER_ADDR, MASTER_PORT), else Slurm's srun (SLURM_PROCID, SLURM_NTASKS, SLURM_LOCALID, and the
 * first host of SLURM_STEP_NODELIST, else of SLURM_JOB_NODELIST; MASTER_ADDR and MASTER_PORT count where they are set). Null for a
 * run of one process.
 *
 * @throws LaunchError naming the variable that is missing or not a number in its range
 */
export function membershipFromEnvironment(environment: Environment): Membership | null {
  const membership =
    isSet(environment, 'RANK') || isSet(environment, 'WORLD_SIZE')
      ? fromPlain(environment)
      : isSet(environment, 'SLURM_PROCID') && isSet(environment, 'SLURM_NTASKS')
        ? fromSlurm(environment)
        : null;
  return membership?.worldSize === 1 ? null : membership;
}

/**
 * The collective of a run: of one process for `null`, else that of the engine, which meets the other processes.
 *
 * @throws DeviceError where the engine's processes cannot talk to each other; what the engine throws when they do not meet
 */
export async function joinCollective(engine: Engine, membership: Membership | null): Promise<JoinedCollective> {
  if (!membership) return singleProcess;
  if (!engine.joinCollective) {
    throw new DeviceError(
      engine.name,
      `device '${engine.name}' cannot share a run among ${membership.worldSize} processes: take --device torch, or start one process`,
    );
  }
  return engine.joinCollective(membership);
}

function fromPlain(environment: Environment): Membership {
  const worldSize = whole(environment, 'WORLD_SIZE', 1, Infinity);
  const rank = whole(environment, 'RANK', 0, worldSize - 1);
  // processes that only say that they are alone need no place to meet
  if (worldSize === 1) return alone;
  const hasLauncherStore = environment['TORCHELASTIC_USE_AGENT_STORE'] === 'True';
  return {
    rank,
    worldSize,
    localRank: whole(environment, 'LOCAL_RANK', 0, Infinity),
    masterAddress: text(environment, 'MASTER_ADDR'),
    masterPort: whole(environment, 'MASTER_PORT', 1, 65535),
    launcherPrefix: hasLauncherStore ? `/worker/attempt_${environment['TORCHELASTIC_RESTART_COUNT'] ?? 0}` : null,
  };
}

function fromSlurm(environment: Environment): Membership {
  // a step of srun may have fewer tasks than its job, on other nodes than the job's first
  const size = isSet(environment, 'SLURM_STEP_NUM_TASKS') ? 'SLURM_STEP_NUM_TASKS' : 'SLURM_NTASKS';
  const nodes = isSet(environment, 'SLURM_STEP_NODELIST') ? 'SLURM_STEP_NODELIST' : 'SLURM_JOB_NODELIST';
  const worldSize = whole(environment, size, 1, Infinity);
  const rank = whole(environment, 'SLURM_PROCID', 0, worldSize - 1);
  if (worldSize === 1) return alone;
  return {
    rank,
    worldSize,
    localRank: whole(environment, 'SLURM_LOCALID', 0, Infinity),
    masterAddress: environment['MASTER_ADDR'] || firstHost(text(environment, nodes)),
    masterPort: isSet(environment, 'MASTER_PORT')
      ? whole(environment, 'MASTER_PORT', 1, 65535)
      : 20000 + (whole(environment, 'SLURM_JOB_ID', 0, Infinity) % 10000),
    launcherPrefix: null,
  };
}

const alone: Membership = {
  rank: 0,
  worldSize: 1,
  localRank: 0,
  masterAddress: '',
  masterPort: 0,
  launcherPrefix: null,
};

/** The first host of Slurm's short form: `gpu[07-12,15],login1` begins with `gpu07`. */
function firstHost(nodes: string): string {
  const [, name = '', range = ''] = /^([^,[]+)(?:\[([^\]]*)\])?/.exec(nodes) ?? [];
  return name + (/^[^,-]*/.exec(range)?.[0] ?? '');
}

function isSet(environment: Environment, name: string): boolean {
  return (environment[name] ?? '') !== '';
}

function text(environment: Environment, name: string): string {
  const value = environment[name];
  if (value) return value;
  const rest = 'RANK, WORLD_SIZE, LOCAL_RANK, MASTER_ADDR and MASTER_PORT';
  const all = name.startsWith('SLURM') ? 'start the processes with srun' : `a run of several processes needs ${rest}`;
  throw new LaunchError(`the environment variable ${name} is missing: ${all}`);
}

function whole(environment: Environment, name: string, least: number, most: number): number {
  const value = text(environment, name);
  const number = /^\d+$/.test(value) ? Number(value) : NaN;
  if (number >= least && number <= most) return number;
  const range = most === Infinity ? `from ${least} on` : `from ${least} to ${most}`;
  throw new LaunchError(`the environment variable ${name} is '${value}'; it must be a whole number ${range}`);
}
