import { spawn } from 'node:child_process';
import { availableParallelism, totalmem } from 'node:os';
import type { Command } from 'commander';
import { describeDevices, installedVersion, loadEngine, type CandidateReport, type Picked } from '@umt/runtime';
import type { CommandIo } from './io.ts';

/** One way to decode videos. */
interface Decoder {
  readonly name: string;
  /** Its version, or null where it is not installed. */
  readonly version: string | null;
  readonly install: string;
}

/** Everything `umt devices` says. */
interface DeviceReport {
  readonly node: string;
  readonly cores: number;
  readonly memoryBytes: number;
  /** Null where none starts. */
  readonly picked: Picked | null;
  /** Why none starts. */
  readonly problem: string | null;
  readonly devices: readonly CandidateReport[];
  readonly decoders: readonly Decoder[];
  /** What to install for more. */
  readonly install: readonly { readonly benefit: string; readonly command: string }[];
}

/** Adds `devices` to the program. */
export function addDevicesCommand(program: Command, io: CommandIo, onExit: (code: number) => void): void {
  program
    .command('devices')
    .summary('say what can compute and decode here, what is picked, and what to install for more')
    .description(
      'Says which devices and video decoders are here, which of them are picked, and what to install for more.',
    )
    .option('--device <name>', 'the device to pick, as for pretrain')
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      `
Examples:
  ${io.program} devices
  ${io.program} devices --json
  UMT_DEVICE=cpu ${io.program} devices`,
    )
    .action(async ({ device, json }: { readonly device?: string; readonly json?: boolean }) => {
      const report = await describe(device);
      io.out.write(json ? `${JSON.stringify(report)}\n` : asText(report, io));
      onExit(report.picked ? 0 : 1);
    });
}

async function describe(device: string | undefined): Promise<DeviceReport> {
  const devices = await describeDevices();
  const decoders = await findDecoders();
  const { picked, problem } = await tryToLoad(device);
  const additions = devices.flatMap(({ availability }) => availability.additions);
  return {
    node: process.versions.node,
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    picked,
    problem,
    devices,
    decoders,
    install: [
      ...additions.map(({ benefit, install }) => ({ benefit, command: install })),
      ...(decoders[0]?.version === null
        ? [{ benefit: 'fast and exact video decoding', command: decoders[0].install }]
        : []),
    ],
  };
}

async function tryToLoad(device: string | undefined): Promise<Pick<DeviceReport, 'picked' | 'problem'>> {
  try {
    const { engine, picked } = await loadEngine(device === undefined ? {} : { device });
    engine.dispose();
    return { picked, problem: null };
  } catch (error) {
    return { picked: null, problem: error instanceof Error ? error.message : String(error) };
  }
}

/** In the order in which @umt/video takes them. */
async function findDecoders(): Promise<readonly Decoder[]> {
  const nodeAv = await installedVersion(['@umt/video', 'node-av'], import.meta.url);
  return [
    { name: 'node-av', version: nodeAv, install: 'npm install node-av@6.1.1' },
    { name: 'ffmpeg', version: await ffmpegVersion(), install: 'put ffmpeg on the PATH' },
  ];
}

/** What the `ffmpeg` program calls itself, or null where there is none. */
function ffmpegVersion(): Promise<string | null> {
  return new Promise((resolve) => {
    const child = spawn('ffmpeg', ['-version'], { stdio: ['ignore', 'pipe', 'ignore'] });
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    child.once('error', () => resolve(null));
    child.once('close', (code) => resolve(code === 0 ? (/^ffmpeg version (\S+)/.exec(text)?.[1] ?? 'unknown') : null));
  });
}

function asText(report: DeviceReport, { colors }: CommandIo): string {
  const { picked, decoders } = report;
  const mark = (isPicked: boolean) => (isPicked ? colors.green('*') : ' ');
  const decoder = decoders.find(({ version }) => version !== null)?.name;
  const devices = report.devices.map(({ name, about, availability }) => {
    const state = availability.isAvailable ? availability.detail : `not here: ${availability.reason}`;
    return `${mark(name === picked?.device)} ${name.padEnd(8)} ${about}; ${state}`;
  });
  const decoding = decoders.map(
    ({ name, version }) => `${mark(name === decoder)} ${name.padEnd(8)} ${version ?? colors.dim('not installed')}`,
  );
  const more = report.install.map(({ benefit, command }) => `  ${command}   ${colors.dim(benefit)}`);
  const choice = picked ? `${picked.deviceName}; ${picked.reason}` : colors.red(report.problem ?? 'none');
  const gigabytes = (report.memoryBytes / 2 ** 30).toFixed(0);
  return [
    `Node ${report.node}, ${report.cores} cores, ${gigabytes} GiB of memory`,
    '',
    colors.bold('Devices'),
    ...devices,
    `  picked: ${choice}`,
    '',
    colors.bold('Video decoders'),
    ...decoding,
    ...(decoder === undefined ? [`  ${colors.red('none: videos cannot be read')}`] : []),
    ...(more.length > 0 ? ['', colors.bold('To install for more'), ...more] : []),
    '',
  ].join('\n');
}
