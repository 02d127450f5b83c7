import type { Engine } from '@umt/tensor';
import { singleProcess } from '@umt/tensor';
import { describe, expect, it } from 'vitest';
import { joinCollective, LaunchError, membershipFromEnvironment } from '../src/index.ts';

const PLAIN = { RANK: '3', WORLD_SIZE: '8', LOCAL_RANK: '1', MASTER_ADDR: 'first', MASTER_PORT: '29500' };
const SLURM = {
  SLURM_PROCID: '5',
  SLURM_NTASKS: '6',
  SLURM_LOCALID: '2',
  SLURM_JOB_NODELIST: 'gpu[07-08,12],big',
  SLURM_JOB_ID: '1234567',
};

describe('membershipFromEnvironment', () => {
  it('is null where no launcher set anything, or said that the process is alone', () => {
    expect(membershipFromEnvironment({})).toBeNull();
    expect(membershipFromEnvironment({ RANK: '0', WORLD_SIZE: '1' })).toBeNull();
    expect(membershipFromEnvironment({ SLURM_PROCID: '0', SLURM_NTASKS: '1', SLURM_LOCALID: '0' })).toBeNull();
  });

  it('reads a plain environment', () => {
    expect(membershipFromEnvironment(PLAIN)).toEqual({
      ...{ rank: 3, worldSize: 8, localRank: 1, masterAddress: 'first', masterPort: 29500, launcherPrefix: null },
    });
  });

  it("meets at torchrun's own store, under the keys of the attempt", () => {
    const torchrun = { ...PLAIN, TORCHELASTIC_USE_AGENT_STORE: 'True', TORCHELASTIC_RESTART_COUNT: '2' };
    expect(membershipFromEnvironment(torchrun)?.launcherPrefix).toBe('/worker/attempt_2');
  });

  it("reads Slurm's, with the first of its hosts and a port that its jobs do not share", () => {
    expect(membershipFromEnvironment(SLURM)).toEqual({
      ...{ rank: 5, worldSize: 6, localRank: 2, masterAddress: 'gpu07', masterPort: 24567, launcherPrefix: null },
    });
    const step = { ...SLURM, SLURM_STEP_NUM_TASKS: '12', SLURM_STEP_NODELIST: 'gpu12,big' };
    expect(membershipFromEnvironment(step)).toMatchObject({ worldSize: 12, masterAddress: 'gpu12' });
    expect(membershipFromEnvironment({ ...step, MASTER_ADDR: '10.0.0.1', MASTER_PORT: '4000' })).toMatchObject({
      ...{ masterAddress: '10.0.0.1', masterPort: 4000 },
    });
  });

  it.each([
    ['node1', 'node1'],
    ['node1,node2', 'node1'],
    ['n[001-3]', 'n001'],
    ['n[5,7-9]', 'n5'],
    ['rack-2-n[10-11]', 'rack-2-n10'],
  ])('the first host of %s is %s', (nodes, host) => {
    expect(membershipFromEnvironment({ ...SLURM, SLURM_JOB_NODELIST: nodes })?.masterAddress).toBe(host);
  });

  it.each([
    [{ ...PLAIN, RANK: undefined }, 'the environment variable RANK is missing'],
    [{ ...PLAIN, WORLD_SIZE: '' }, 'the environment variable WORLD_SIZE is missing'],
    [{ ...PLAIN, LOCAL_RANK: undefined }, 'the environment variable LOCAL_RANK is missing'],
    [{ ...PLAIN, MASTER_ADDR: undefined }, 'the environment variable MASTER_ADDR is missing'],
    [{ ...PLAIN, MASTER_PORT: '70000' }, "MASTER_PORT is '70000'; it must be a whole number from 1 to 65535"],
    [{ ...PLAIN, RANK: '8' }, "RANK is '8'; it must be a whole number from 0 to 7"],
    [{ ...PLAIN, WORLD_SIZE: 'all' }, "WORLD_SIZE is 'all'; it must be a whole number from 1 on"],
    [{ ...SLURM, SLURM_JOB_NODELIST: undefined }, 'SLURM_JOB_NODELIST is missing: start the processes with srun'],
  ])('refuses %j', (environment, message) => {
    expect(() => membershipFromEnvironment(environment)).toThrow(LaunchError);
    expect(() => membershipFromEnvironment(environment)).toThrow(message);
  });
});

describe('joinCollective', () => {
  it('is singleProcess for a run of one', async () => {
    expect(await joinCollective({ name: 'any' } as Engine, null)).toBe(singleProcess);
  });

  it('refuses an engine whose processes cannot talk to each other', async () => {
    const joined = joinCollective({ name: 'wasm' } as Engine, membershipFromEnvironment(PLAIN));
    await expect(joined).rejects.toThrow(
      "device 'wasm' cannot share a run among 8 processes: take --device torch, or start one process",
    );
  });
});
