import type { FinetuneConfig } from '../config/finetune-config.ts';
import type { RunReport } from '../report/report-data.ts';
import { quoted } from './quoted.ts';
import type { RunFolder } from './run-folder.ts';

/**
 * What to type after a fine-tuning run.
 * @param program how this program is called, e.g. `umt`
 */
export function finetuneCommands(
  config: FinetuneConfig,
  { outcome }: Pick<RunReport, 'outcome'>,
  folder: RunFolder,
  program: string,
): RunReport['commands'] {
  const weights = quoted(folder.weights);
  return [
    ...(outcome === 'stopped'
      ? [{ about: 'Go on from the checkpoint:', command: `${program} finetune ${quoted(folder.config)}` }]
      : []),
    {
      about: 'Classify a video; the file knows its classes:',
      command: `${program} classify video.mp4 --weights ${weights}`,
    },
    ...(config.data.validation === null
      ? []
      : [
          {
            about: 'Measure it by the full protocol, 4 clips of 3 crops each:',
            command: `${program} evaluate --weights ${weights} --data ${quoted(config.data.validation)} --clips 4 --crops 3`,
          },
        ]),
    {
      about: 'Train longer, in a new folder:',
      command: `${program} finetune ${quoted(folder.config)} --epochs ${config.schedule.epochs * 2} --output ${quoted(`${config.output}-longer`)}`,
    },
    { about: 'Curves of all runs side by side:', command: 'tensorboard --logdir runs' },
  ];
}
