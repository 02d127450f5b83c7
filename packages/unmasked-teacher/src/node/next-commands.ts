import type { PretrainConfig } from '../config/pretrain-config.ts';
import type { ReportData } from '../report/report-data.ts';
import { quoted } from './quoted.ts';
import { runFolder } from './run-folder.ts';

/**
 * What to type after a run.
 * @param program how this program is called, e.g. `umt`
 */
export function nextCommands(
  config: PretrainConfig,
  outcome: ReportData['outcome'],
  program: string,
): ReportData['commands'] {
  const folder = runFolder(config.output, 'student');
  const pretrain = `${program} pretrain`;
  const longer = Math.max(config.schedule.epochs * 4, 2);
  const data = config.data.path === null ? '' : ` --data ${quoted(config.data.path)}`;
  return [
    ...(outcome === 'stopped'
      ? [{ about: 'Go on from the checkpoint:', command: `${pretrain} ${quoted(folder.config)}` }]
      : []),
    {
      about: 'Train longer, in a new folder:',
      command: `${pretrain} ${quoted(config.recipe)}${data} --schedule.epochs ${longer} --output ${quoted(`${config.output}-longer`)}`,
    },
    {
      about: 'On your own videos:',
      command: `${pretrain} ${quoted(config.recipe)} --data my-videos --output runs/mine`,
    },
    {
      about: 'The published recipe, with a trained CLIP as teacher (made for many GPUs; see docs/pretraining.md):',
      command: `${pretrain} B/16 --data train.csv --teacher clip-b16.safetensors`,
    },
    { about: 'Curves of all runs side by side:', command: 'tensorboard --logdir runs' },
  ];
}
