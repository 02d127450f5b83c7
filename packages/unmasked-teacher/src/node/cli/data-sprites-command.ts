import { InvalidArgumentError, Option, type Command } from 'commander';
import {
  orderBlindCeiling,
  SPRITE_CLASSES,
  SPRITE_KINDS,
  SPRITE_SPLITS,
  writeSpriteClips,
  type SpriteClass,
  type SpriteKind,
  type SpriteSplit,
  type WriteSpriteClipsOptions,
} from '@umt/sprites';
import { stopOnSignals } from '@umt/trainer';
import { nearestName } from '../../config/nearest.ts';
import { formatNumber } from '../../report/format.ts';
import { eventLine } from '../event-line.ts';
import { writeSpriteSheet } from '../write-sprite-sheet.ts';
import { wholeNumber } from './inference-options.ts';
import { UsageError, type CommandIo } from './io.ts';
import { statusLine } from './status-line.ts';

/** The command's flags as they were typed. */
interface Typed {
  readonly output: string;
  readonly split: SpriteSplit;
  readonly clips: number;
  readonly seed: number;
  readonly size: number;
  readonly frames: number;
  readonly fps: number;
  readonly classes?: readonly SpriteClass[];
  readonly kinds?: readonly SpriteKind[];
  readonly backgrounds?: string;
  readonly workers?: number;
  readonly json?: boolean;
}

/** Milliseconds between lines of progress under `--json`. */
const TELL_EVERY = 1000;

/** Adds `data sprites` to the group. */
export function addDataSpritesCommand(group: Command, io: CommandIo, onExit: (code: number) => void): void {
  group
    .command('sprites')
    .summary('make Sprite Actions: labelled videos that need time to solve')
    .description(
      `Makes labelled videos of ${SPRITE_CLASSES.length} actions of one or two sprites: shapes, digits and emoji that move, grow, bounce, ` +
        'push, chase or cover each other. Most actions have a partner that shows the same frames in another order, so that no ' +
        'single frame and no set of frames tells them apart. Writes mp4 files in a folder for each class, labels.csv, ' +
        'captions.jsonl, questions.jsonl and index.html, a page to look at. Sprites and hues of one split are never seen in ' +
        'another. The same command goes on where a stopped one ended; with more --clips it adds to what is there.',
    )
    .requiredOption('--output <folder>', 'folder to write to')
    .addOption(new Option('--split <name>', 'which sprites').choices(SPRITE_SPLITS).default('train'))
    .option('--clips <number>', 'how many videos, spread evenly over the classes', wholeNumber, 10_000)
    .option('--seed <number>', 'decides every frame', fromZero, 0)
    .option('--size <pixels>', 'width and height: even', wholeNumber, 96)
    .option('--frames <number>', 'frames of a video', wholeNumber, 16)
    .option('--fps <number>', 'frames per second', wholeNumber, 8)
    .option('--classes <names>', 'only these, between commas', namesOf('class', SPRITE_CLASSES))
    .option('--kinds <names>', `kinds of sprites: ${SPRITE_KINDS.join(',')}`, namesOf('kind', SPRITE_KINDS))
    .option('--backgrounds <folder>', 'JPEGs and videos that lie behind the sprites, in place of drawn grounds')
    .option('--workers <number>', 'threads beside the main one; by default one for each core', fromZero)
    .option('--json', 'one line of JSON for each event')
    .addHelpText(
      'after',
      `
Examples:
  ${io.program} data sprites --output sprites/train --clips 10000
  ${io.program} data sprites --output sprites/test --clips 960 --split test
  ${io.program} data sprites --output pairs --clips 400 --classes push,pull,grow,shrink --kinds emoji --backgrounds my-photos
  ${io.program} finetune tiny --data sprites/train --validation sprites/test --output runs/sprites`,
    )
    .action(async (typed: Typed) => {
      onExit(await dataSprites(typed, io));
    });
}

async function dataSprites(typed: Typed, io: CommandIo): Promise<number> {
  const { output, json = false, split, clips, seed, size, frames, fps, classes, kinds, backgrounds, workers } = typed;
  const options: WriteSpriteClipsOptions = {
    ...{ split, clips, seed, size, frames, fps },
    ...(classes && { classes }),
    ...(kinds && { kinds }),
    ...(backgrounds !== undefined && { backgrounds }),
    ...(workers !== undefined && { workers }),
  };
  const status = statusLine(io);
  const abort = new AbortController();
  const signals = stopOnSignals({ stop: () => abort.abort() }, () => {
    status.clear();
    io.err.write('stopping after the videos under way; Ctrl-C again quits at once\n');
  });
  const start = performance.now();
  let [first, toldAt] = [-1, -Infinity];
  try {
    const { written, remaining } = await writeSpriteClips(output, {
      ...options,
      signal: abort.signal,
      onProgress({ done }) {
        if (first < 0) first = done;
        const now = performance.now();
        const perSecond = ((done - first) / (now - start)) * 1000;
        status.show(`${done} of ${clips} videos, ${formatNumber(perSecond, 3)} a second`);
        if (!json || now - toldAt < TELL_EVERY) return;
        toldAt = now;
        io.out.write(eventLine({ type: 'progress', done, clips, perSecond }));
      },
    });
    status.clear();
    const seconds = (performance.now() - start) / 1000;
    const page = remaining > 0 ? null : await writeSpriteSheet(output);
    const ceiling = orderBlindCeiling(classes);
    const result = { output, clips, written, remaining, seconds, orderBlindCeiling: ceiling, page };
    io.out.write(json ? eventLine({ type: 'result', ...result }) : inWords(result, io));
    return signals.exitCode;
  } finally {
    status.clear();
    signals.dispose();
  }
}

function inWords(
  result: {
    readonly output: string;
    readonly clips: number;
    readonly written: number;
    readonly remaining: number;
    readonly seconds: number;
    readonly orderBlindCeiling: number;
    readonly page: string | null;
  },
  { colors }: CommandIo,
): string {
  const { output, clips, written, remaining, seconds, orderBlindCeiling: ceiling, page } = result;
  const before = clips - written - remaining;
  const also = before > 0 ? `, ${before} were there` : '';
  const made = `${written} videos in ${formatNumber(seconds, 3)} s${also}`;
  if (remaining > 0) return `${made}; ${remaining} to go: the same command goes on\n`;
  return [
    colors.bold(`${output}: ${made}`),
    `without the order of the frames at most ${formatNumber(100 * ceiling, 3)} % can be told`,
    `look at them: ${page}`,
    '',
  ].join('\n');
}

/** @throws InvalidArgumentError for what is no whole number from 0 on */
function fromZero(typed: string): number {
  const number = Number(typed);
  if (Number.isSafeInteger(number) && number >= 0) return number;
  throw new InvalidArgumentError('It must be a whole number from 0 on.');
}

/** Reads names between commas. */
function namesOf<Name extends string>(what: string, allowed: readonly Name[]): (typed: string) => readonly Name[] {
  return (typed) =>
    typed.split(',').map((name) => {
      const found = allowed.find((one) => one === name.trim());
      if (found !== undefined) return found;
      const nearest = nearestName(name.trim(), allowed);
      const answer = nearest === undefined ? `there is ${allowed.join(', ')}` : `did you mean ${nearest}?`;
      throw new UsageError(`there is no ${what} ${name.trim()}; ${answer}`);
    });
}
