import { hostname } from 'node:os';
import { join } from 'node:path';
import { saveSafetensors } from '@umt/checkpoint';
import { loadEngine, pickedLine } from '@umt/runtime';
import { setEngine } from '@umt/tensor';
import {
  fileSink,
  folderStore,
  jsonLinesLog,
  tensorBoardFileName,
  tensorBoardLog,
  type RunControl,
} from '@umt/trainer';
import type { PretrainConfig } from '../config/pretrain-config.ts';
import type { PretrainResult } from '../pretrain.ts';
import { runPretraining, type PretrainEvent, type PretrainOutcome } from '../stage1/run-pretraining.ts';
import { findVideos } from './find-videos.ts';
import { clearFolder, prepareFolder, runFolder, type RunFolder } from './run-folder.ts';
import { safetensorsSource } from './safetensors-source.ts';
import { writeReport } from './write-report.ts';

/** One pre-training run as it is sent to a worker. */
export interface PretrainOrder {
  readonly config: PretrainConfig;
  /** Delete what an earlier run left in the output folder. */
  readonly overwrite: boolean;
  /** How this program is called, for the commands that the report suggests. */
  readonly program: string;
}

/**
 * Pre-trains in this thread, from the configuration to report and weights in the output folder. It computes for long
 * stretches; `pretrain` runs it in a worker.
 *
 * @throws DeviceError, and what `runPretraining` throws
 */
export async function pretrainHere(
  { config, overwrite, program }: PretrainOrder,
  control: RunControl,
): Promise<PretrainResult> {
  const folder = runFolder(config.output);
  const loading = (detail: string) => control.emit({ type: 'phase', phase: 'loading', detail, progress: null });
  const videos = await findVideos(config.data);
  const source = config.teacher.weights === null ? null : await safetensorsSource(config.teacher.weights);
  try {
    loading('engine');
    const { engine, picked } = await loadEngine({ device: config.device });
    loading(pickedLine(picked));
    setEngine(engine);
    try {
      if (overwrite) await clearFolder(folder);
      await prepareFolder(folder, config);
      const outcome = await logged(folder, control, (emit) =>
        runPretraining(
          { config, videos, teacherWeights: source, store: folderStore(folder.checkpoints) },
          { emit, stopSignal: control.stopSignal },
        ),
      );
      control.emit({ type: 'phase', phase: 'finishing', detail: 'report', progress: null });
      await saveStudent(folder, outcome);
      await writeReport(outcome, { config, folder, device: picked.deviceName, program });
      const { step, totalSteps, skippedSteps, heldOut, brokenVideos } = outcome;
      const files = { report: folder.report, weights: folder.weights };
      return { outcome: outcome.outcome, step, totalSteps, skippedSteps, picked, heldOut, brokenVideos, ...files };
    } finally {
      setEngine(undefined);
      engine.dispose();
    }
  } finally {
    await source?.close();
  }
}

/** Runs while writing JSON lines and TensorBoard events into the folder. */
async function logged(
  folder: RunFolder,
  control: RunControl,
  run: (emit: (event: PretrainEvent) => void) => Promise<PretrainOutcome>,
): Promise<PretrainOutcome> {
  const lines = fileSink(folder.log);
  const board = fileSink(join(folder.path, tensorBoardFileName(Date.now() / 1000, hostname(), process.pid)));
  // These handlers take any plain event and look at the trainer's own; hence the wider type.
  const handlers = [control.emit, jsonLinesLog(lines), tensorBoardLog(board)] as readonly ((
    event: PretrainEvent,
  ) => void)[];
  try {
    return await run((event) => handlers.forEach((handle) => handle(event)));
  } finally {
    await Promise.all([lines.close(), board.close()]);
  }
}

async function saveStudent({ weights }: RunFolder, { student, step }: PretrainOutcome): Promise<void> {
  const tensors = [...student].map(([name, { shape, data }]) => [name, { dtype: 'F32', shape, data }] as const);
  await saveSafetensors(weights, Object.fromEntries(tensors), { format: 'pt', step: String(step) });
}
