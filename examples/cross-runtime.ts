/**
 * The same code everywhere: twenty steps of stage 1 on decoded clips, in Node (wasm, WebGPU, TensorFlow) and, unchanged, in a
 * browser (WebGPU, wasm). Frames are the same to the bit, random numbers too, and losses agree to 1e-4.
 *
 *   node examples/cross-runtime.ts wasm webgpu            (Node 22.18 or newer reads TypeScript by itself)
 *
 * In a page: `await losses('webgpu', '/clips')`, where the clips are served.
 */
import { createVideoClipLoader } from '@umt/data';
import { loadEngine, pickedLine, type LoadOptions } from '@umt/runtime';
import { setEngine } from '@umt/tensor';
import { train } from '@umt/trainer';
import {
  buildStudent,
  buildTeacher,
  clipOptionsOf,
  createPretrainTask,
  pretrainTiny,
  trainOptionsOf,
} from 'unmasked-teacher';

const CLIPS = ['box-1.mp4', 'cup-1.mp4', 'street-1.mp4', 'tree-1.mp4'];

/** Small enough for a GPU in software: 36 tokens of 48 channels, 7 of each clip visible. */
const config = pretrainTiny({
  video: { frames: 4, size: 48 },
  student: { width: 48, depth: 2, dropPath: 0.1 },
  teacher: { width: 48, depth: 2, inputSize: 48, outputWidth: 32 },
  alignment: { layers: 2 },
  schedule: { epochs: 20, warmupEpochs: 2, maxSteps: 20 },
  batch: { size: 4 },
  data: { clipsPerVideo: 1, cacheMegabytes: 64 },
  checkpoint: { everySteps: null },
});

/**
 * Trains on one device, anew.
 * @param device as in UMT_DEVICE, or 'auto'
 * @param folder path or address of the folder with the clips
 * @returns the loss of each step
 */
export async function losses(device: string, folder: string, options: LoadOptions = {}): Promise<readonly number[]> {
  const { engine, picked } = await loadEngine({ ...options, device });
  console.log(pickedLine(picked));
  setEngine(engine);
  const student = buildStudent(config);
  const teacher = await buildTeacher(config, null);
  const loader = createVideoClipLoader({
    entries: CLIPS.map((name) => ({ path: `${folder}/${name}` })),
    seed: config.seed,
    clip: clipOptionsOf(config),
    batchSize: config.batch.size,
    epochs: config.schedule.epochs,
  });
  const found: number[] = [];
  try {
    await train(createPretrainTask({ student, teacher, config }), trainOptionsOf(config, loader, null), {
      onEvent: (event) => {
        if (event.type === 'step') found.push(event.loss);
      },
    });
    return found;
  } finally {
    await loader.close();
    student.dispose();
    teacher.dispose();
    engine.dispose();
  }
}

const { argv = [] } = (globalThis as { process?: { argv: readonly string[] } }).process ?? {};
if (/cross-runtime\.m?[jt]s$/.test(argv[1] ?? '')) {
  for (const device of argv.length > 2 ? argv.slice(2) : ['auto']) {
    console.log((await losses(device, 'assets/clips')).map((loss) => loss.toFixed(6)).join(' '));
  }
}
