import { InvalidArgumentError, Option, type Command } from 'commander';
import { readLabeledVideos, readManifest, type LabeledVideosOptions, type Manifest } from '@umt/data';
import { UsageError } from './io.ts';

/** What is typed to say which videos are meant. */
export interface SourceFlags {
  readonly labeled?: boolean;
  readonly split?: NonNullable<LabeledVideosOptions['split']>;
  readonly prefix?: string;
  readonly separator?: 'comma' | 'space';
}

/** Adds these flags to a command. */
export function addSourceOptions(command: Command): Command {
  return command
    .option('--labeled', 'the videos have classes: a folder for each, or a list with names of classes')
    .addOption(new Option('--split <name>', 'which part of a labelled folder').choices(['train', 'val', 'test']))
    .option('--prefix <path>', 'folder or address put in front of the paths of a list')
    .addOption(new Option('--separator <name>', 'between path and label of a plain list').choices(['comma', 'space']));
}

/** The videos of a list or a folder. @throws DataError or ManifestError of @umt/data when they cannot be read */
export async function readSource(
  place: string,
  { labeled = false, split, prefix, separator }: SourceFlags,
): Promise<Manifest> {
  if (split !== undefined && !labeled) throw new UsageError('--split is for labelled videos: add --labeled');
  const options = {
    ...(prefix !== undefined && { prefix }),
    ...(separator !== undefined && { separator: separator === 'comma' ? (',' as const) : (' ' as const) }),
  };
  if (!labeled) return readManifest(place, options);
  return readLabeledVideos(place, { ...options, ...(split !== undefined && { split }) });
}

/** Adds the flag that says how many threads decode. */
export function addWorkersOption(command: Command): Command {
  return command.option(
    '--workers <number>',
    'threads that decode, 0 for none beside this one; by default one for each core',
    (typed) => {
      const number = Number(typed);
      if (typed !== '' && Number.isInteger(number) && number >= 0) return number;
      throw new InvalidArgumentError('It must be a whole number from 0 on.');
    },
  );
}
