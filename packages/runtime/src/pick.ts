import type { Engine, Membership } from '@umt/tensor';
import type { Availability, Candidate, EngineOptions } from './candidate.ts';
import { DeviceError } from './device-error.ts';

/** What to load. */
export interface LoadOptions extends EngineOptions {
  /** 'auto', or an engine's name, for some with a place: 'torch:cuda:1'. Default: the environment's UMT_DEVICE, else 'auto'. */
  readonly device?: string;
  /** The run of several processes that this one is part of: 'auto' then takes the engine whose processes can compute together, on a GPU of its own. */
  readonly membership?: Membership | null;
}

/** Which engine was taken and why. */
export interface Picked {
  /** Its name, as in UMT_DEVICE. */
  readonly device: string;
  /** The device in words, as the engine itself says it. */
  readonly deviceName: string;
  readonly reason: string;
}

/** What was known of one engine when the choice was made. */
export interface CandidateReport {
  readonly name: string;
  readonly about: string;
  readonly availability: Availability;
}

/** A running engine, and how it came to be this one. */
export interface LoadedEngine {
  readonly engine: Engine;
  readonly picked: Picked;
  /** Every engine there is, in the order of preference. */
  readonly candidates: readonly CandidateReport[];
}

/** One thing that 'auto' tries. */
export interface Attempt {
  readonly candidate: Candidate;
  /** Where the candidate is to run, when it can in several places. */
  readonly place?: string;
}

/** How a choice is made. */
export interface Choice {
  /** In the order of preference. */
  readonly candidates: readonly Candidate[];
  /** What 'auto' tries, in this order; default: the candidates that it may pick. */
  readonly attempts?: readonly Attempt[];
  /** The value of UMT_DEVICE, where it is set. */
  readonly environment: string | undefined;
}

/** One line on which engine was taken and why. */
export function pickedLine({ device, deviceName, reason }: Picked): string {
  return `device ${device}: ${deviceName} (${reason})`;
}

/** Asks every engine whether it could run. */
export async function probeAll(candidates: readonly Candidate[]): Promise<readonly CandidateReport[]> {
  return Promise.all(
    candidates.map(async (candidate) => ({
      name: candidate.name,
      about: candidate.about,
      availability: await candidate.probe(),
    })),
  );
}

/**
 * Loads the engine that was asked for, or the first that runs. One that was asked for is never replaced by another.
 *
 * @throws DeviceError when it is unknown or does not start, or when 'auto' finds none that starts
 */
export async function loadChosen(options: LoadOptions, choice: Choice): Promise<LoadedEngine> {
  const { candidates, environment } = choice;
  const { device = environment || 'auto', membership = null, ...given } = options;
  const asked = membership && device === 'auto' ? 'torch' : device;
  const engineOptions = membership ? { gpu: membership.localRank, ...given } : given;
  const source = options.device === undefined && environment ? 'UMT_DEVICE asks for it' : 'asked for';
  const reports = await probeAll(candidates);
  const found = asked === 'auto' ? undefined : findAttempt(asked, candidates);
  const { engine, reason } = found
    ? { engine: await startAskedFor(found, asked, reports, engineOptions), reason: source }
    : await firstThatStarts(attemptsOf(choice), reports, engineOptions);
  const picked = { device: engine.name, deviceName: engine.capabilities.deviceName, reason };
  return { engine, picked, candidates: reports };
}

function attemptsOf({ candidates, attempts }: Choice): readonly Attempt[] {
  return attempts ?? candidates.filter(({ isAutomatic }) => isAutomatic).map((candidate) => ({ candidate }));
}

/** @throws DeviceError that lists what there is */
function findAttempt(asked: string, candidates: readonly Candidate[]): Attempt {
  const [name, ...rest] = asked.toLowerCase().split(':');
  const candidate = candidates.find((one) => one.name === name && (rest.length === 0 || one.places !== undefined));
  if (candidate) return rest.length === 0 ? { candidate } : { candidate, place: rest.join(':') };
  const names = candidates.map((one) => (one.places === undefined ? one.name : `${one.name} (also in ${one.places})`));
  throw new DeviceError(asked, `there is no device '${asked}'; there is ${['auto', ...names].join(', ')}`);
}

async function startAskedFor(
  { candidate, place }: Attempt,
  asked: string,
  reports: readonly CandidateReport[],
  options: EngineOptions,
): Promise<Engine> {
  const availability = availabilityOf(candidate, reports);
  if (availability && !availability.isAvailable) {
    const installs = availability.additions.map(({ install }) => `; run: ${install}`).join('');
    throw new DeviceError(asked, `device '${asked}' cannot run here: ${availability.reason}${installs}`);
  }
  try {
    return await candidate.load(options, true, place);
  } catch (cause) {
    throw new DeviceError(asked, `device '${asked}' does not start: ${messageOf(cause)}`, { cause });
  }
}

async function firstThatStarts(
  attempts: readonly Attempt[],
  reports: readonly CandidateReport[],
  options: EngineOptions,
): Promise<{ readonly engine: Engine; readonly reason: string }> {
  const passedOver: string[] = [];
  for (const { candidate, place } of attempts) {
    const name = place === undefined ? candidate.name : `${candidate.name}:${place}`;
    const availability = availabilityOf(candidate, reports);
    if (availability && !availability.isAvailable) {
      passedOver.push(`${name} (${availability.reason})`);
      continue;
    }
    try {
      const engine = await candidate.load(options, false, place);
      const others = passedOver.length === 0 ? '' : `; passed over: ${passedOver.join(', ')}`;
      return { engine, reason: `auto: the first that runs here${others}` };
    } catch (error) {
      passedOver.push(`${name} (${messageOf(error)})`);
    }
  }
  throw new DeviceError('auto', `no device runs here: ${passedOver.join(', ')}`);
}

function availabilityOf(
  { name }: Candidate,
  reports: readonly CandidateReport[],
): CandidateReport['availability'] | undefined {
  return reports.find((report) => report.name === name)?.availability;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
