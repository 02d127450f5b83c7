import { rename } from 'node:fs/promises';
import { float32Source, openCheckpoint, saveSafetensors } from '@umt/checkpoint';
import { quarantineFile } from '@umt/data';
import { folderStore, type RunControl } from '@umt/trainer';
import { cardMetadata } from '../classifier/classifier-card.ts';
import { ConfigError } from '../config/config-error.ts';
import type { FinetuneConfig } from '../config/finetune-config.ts';
import type { FinetuneResult } from '../finetune.ts';
import {
  runFinetuning,
  type FinetuneEvent,
  type FinetuneInput,
  type TrainedClassifier,
} from '../finetune/run-finetuning.ts';
import { findLabeledVideos } from './labeled-videos.ts';
import { readJson } from './read-json.ts';
import { runFolder } from './run-folder.ts';
import { runInFolder } from './run-in-folder.ts';
import { writeFinetuneReport } from './write-finetune-report.ts';

/** One fine-tuning run as it is sent to a worker. */
export interface FinetuneOrder {
  readonly config: FinetuneConfig;
  /** Delete what an earlier run left in the output folder. */
  readonly overwrite: boolean;
  /** How this program is called, for the commands that the report suggests. */
  readonly program: string;
}

/**
 * Fine-tunes in this thread, from the configuration to report and weights in the output folder. It computes for long
 * stretches; `finetune` runs it in a worker.
 *
 * @throws DeviceError, ConfigError, and what `runFinetuning` throws
 */
export async function finetuneHere(
  { config, overwrite, program }: FinetuneOrder,
  control: RunControl<FinetuneEvent>,
): Promise<FinetuneResult> {
  const folder = runFolder(config.output, 'classifier');
  const { training, validation } = await findLabeledVideos(config.data);
  const weights = config.from.weights === null ? null : await openCheckpoint(config.from.weights);
  try {
    const headRows = config.from.headRows === null ? null : await readHeadRows(config.from.headRows);
    const start = weights && { weights: float32Source(weights), headRows };
    const { outcome, picked, rank } = await runInFolder<FinetuneEvent, Awaited<ReturnType<typeof runFinetuning>>>(
      { config, folder, overwrite },
      control,
      async (hooks) => {
        const store = folderStore(folder.checkpoints);
        const quarantine = quarantineFile(folder.quarantine);
        const input: FinetuneInput = { config, training, validation, start, store, quarantine };
        return runFinetuning(input, {
          ...hooks,
          saveBest: (classifier, found) => saveClassifier(folder.best, classifier, found),
        });
      },
    );
    const { classifier, step, totalSteps, skippedSteps, brokenVideos, validation: quick, test, best } = outcome;
    if (rank === 0) {
      await saveClassifier(folder.weights, classifier, { step, top1: quick?.top1 ?? null });
      await writeFinetuneReport(outcome, { config, folder, device: picked.deviceName, program });
    }
    return {
      outcome: outcome.outcome,
      rank,
      ...{ step, totalSteps, skippedSteps, picked, classes: training.classes, brokenVideos },
      ...{ validation: quick, test, best, report: folder.report, weights: folder.weights },
      bestWeights: best ? folder.best : null,
    };
  } finally {
    await weights?.close();
  }
}

/** Writes a classifier's weights and what it says of itself; a file that is there stays whole until the new one is. */
async function saveClassifier(
  path: string,
  { card, weights }: TrainedClassifier,
  { step, top1 }: { readonly step: number; readonly top1: number | null },
): Promise<void> {
  const tensors = [...weights].map(([name, { shape, data }]) => [name, { dtype: 'F32', shape, data }] as const);
  const metadata = {
    format: 'pt',
    step: String(step),
    ...(top1 !== null && { top1: String(top1) }),
    ...cardMetadata(card),
  };
  const partial = `${path}.partial`;
  await saveSafetensors(partial, Object.fromEntries(tensors), metadata);
  await rename(partial, path);
}

async function readHeadRows(path: string): Promise<readonly number[]> {
  const rows = await readJson(path);
  const isRow = (row: unknown): row is number => typeof row === 'number' && Number.isInteger(row) && row >= 0;
  if (Array.isArray(rows) && rows.every(isRow)) return rows;
  throw new ConfigError(`${path}: from.headRows must name a JSON list of row numbers (--from.head-rows)`, [
    'from.headRows',
  ]);
}
