import { float32Source, openCheckpoint, saveSafetensors } from '@umt/checkpoint';
import { quarantineFile } from '@umt/data';
import { folderStore, type RunControl } from '@umt/trainer';
import type { PretrainConfig } from '../config/pretrain-config.ts';
import type { PretrainResult } from '../pretrain.ts';
import { studentConfigOf } from '../stage1/models.ts';
import { runPretraining, type PretrainEvent, type PretrainOutcome } from '../stage1/run-pretraining.ts';
import { studentMetadata } from '../stage1/student-card.ts';
import { findVideos } from './find-videos.ts';
import { runFolder, type RunFolder } from './run-folder.ts';
import { runInFolder } from './run-in-folder.ts';
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
  control: RunControl<PretrainEvent>,
): Promise<PretrainResult> {
  const folder = runFolder(config.output, 'student');
  const videos = await findVideos(config.data);
  const teacher = config.teacher.weights === null ? null : await openCheckpoint(config.teacher.weights);
  try {
    const { outcome, picked, rank } = await runInFolder({ config, folder, overwrite }, control, (hooks) =>
      runPretraining(
        {
          config,
          videos,
          teacherWeights: teacher && float32Source(teacher),
          store: folderStore(folder.checkpoints),
          quarantine: quarantineFile(folder.quarantine),
        },
        hooks,
      ),
    );
    if (rank === 0) {
      await saveStudent(folder, config, outcome);
      await writeReport(outcome, { config, folder, device: picked.deviceName, program });
    }
    const { step, totalSteps, skippedSteps, heldOut, brokenVideos } = outcome;
    const files = { report: folder.report, weights: folder.weights };
    return { outcome: outcome.outcome, rank, step, totalSteps, skippedSteps, picked, heldOut, brokenVideos, ...files };
  } finally {
    await teacher?.close();
  }
}

async function saveStudent(
  { weights }: RunFolder,
  config: PretrainConfig,
  { student, step }: PretrainOutcome,
): Promise<void> {
  const tensors = [...student].map(([name, { shape, data }]) => [name, { dtype: 'F32', shape, data }] as const);
  const metadata = { format: 'pt', step: String(step), ...studentMetadata(studentConfigOf(config)) };
  await saveSafetensors(weights, Object.fromEntries(tensors), metadata);
}
