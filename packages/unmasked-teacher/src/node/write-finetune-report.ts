import { writeFile } from 'node:fs/promises';
import type { FinetuneConfig } from '../config/finetune-config.ts';
import type { FinetuneOutcome } from '../finetune/run-finetuning.ts';
import { renderFinetuneReport } from '../report/render-finetune-report.ts';
import { finetuneCommands } from './finetune-commands.ts';
import { readLog } from './read-log.ts';
import type { RunFolder } from './run-folder.ts';

/** What the report needs beside the outcome. */
export interface FinetuneReportContext {
  readonly config: FinetuneConfig;
  readonly folder: RunFolder;
  /** The device in words. */
  readonly device: string;
  /** How this program is called, e.g. `umt`. */
  readonly program: string;
}

/** Writes a fine-tuning run's report from its log and outcome. */
export async function writeFinetuneReport(
  outcome: FinetuneOutcome,
  { config, folder, device, program }: FinetuneReportContext,
): Promise<void> {
  const { steps, accuracies } = await readLog(folder.log);
  const { batch, augmentation } = config;
  const html = await renderFinetuneReport({
    config,
    device,
    date: new Date(),
    outcome: outcome.outcome,
    totalSteps: outcome.totalSteps,
    clipsPerStep: batch.size * batch.accumulation * augmentation.repeats,
    skippedSteps: outcome.skippedSteps,
    steps,
    trainingVideos: outcome.trainingVideos,
    brokenVideos: outcome.brokenVideos,
    commands: finetuneCommands(config, outcome, folder, program),
    classes: outcome.classifier.card.classes,
    accuracies,
    validation: outcome.validation,
    test: outcome.test,
    best: outcome.best,
    clips: outcome.clips,
  });
  await writeFile(folder.report, html);
}
