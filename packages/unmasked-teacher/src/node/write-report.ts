import { writeFile } from 'node:fs/promises';
import type { PretrainConfig } from '../config/pretrain-config.ts';
import { renderReport } from '../report/render-report.ts';
import type { PretrainOutcome } from '../stage1/run-pretraining.ts';
import { clipsPerStep } from '../stage1/train-options.ts';
import { nextCommands } from './next-commands.ts';
import { readLog } from './read-log.ts';
import type { RunFolder } from './run-folder.ts';

/** What the report needs beside the outcome. */
export interface ReportContext {
  readonly config: PretrainConfig;
  readonly folder: RunFolder;
  /** The device in words. */
  readonly device: string;
  /** How this program is called, e.g. `umt`. */
  readonly program: string;
}

/** Writes a run's report from its log and outcome. */
export async function writeReport(
  outcome: PretrainOutcome,
  { config, folder, device, program }: ReportContext,
): Promise<void> {
  const { steps, evaluations } = await readLog(folder.log);
  const { heldOut } = outcome;
  const html = await renderReport({
    config,
    device,
    date: new Date(),
    outcome: outcome.outcome,
    totalSteps: outcome.totalSteps,
    clipsPerStep: clipsPerStep(config),
    skippedSteps: outcome.skippedSteps,
    steps,
    heldOut: heldOut && {
      videos: heldOut.videos.map(fileName),
      clips: heldOut.clips,
      blindLoss: heldOut.blindLoss,
      evaluations,
    },
    clips: outcome.clips,
    trainingVideos: outcome.trainingVideos,
    brokenVideos: outcome.brokenVideos,
    commands: nextCommands(config, outcome.outcome, program),
  });
  await writeFile(folder.report, html);
}

function fileName(path: string): string {
  return path.split(/[/\\]/).at(-1) ?? path;
}
