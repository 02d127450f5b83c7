/**
 * Which fifth of a video's tokens a student would see: decodes 8 frames, lets a teacher's class attention draw the mask,
 * and prints it as a map of each frame. The teacher here has random weights, so where it looks means nothing.
 *
 *   node examples/mask-a-video.ts assets/clips/street-1.mp4     (Node 22.18 or newer reads TypeScript by itself)
 */
import { createRandomTeacher, teacherConfig } from '@umt/clip';
import { createWasmEngine } from '@umt/engine-tfjs';
import { drawVisible, exponentialNoise, visibleCount } from '@umt/masking';
import { read, setEngine, tensor } from '@umt/tensor';
import { frameToTensor, openVideo, sampleSegmentsVal } from '@umt/video';

const FRAMES = 8;
const SIZE = 96;
const GRID = SIZE / 16;
const path = process.argv[2] ?? 'assets/clips/street-1.mp4';

const video = await openVideo(path);
const pixels = new Float32Array(FRAMES * SIZE * SIZE * 3);
let offset = 0;
for await (const frame of video.frames(sampleSegmentsVal({ frameCount: video.frameCount, frames: FRAMES }))) {
  frameToTensor(frame, { width: SIZE, height: SIZE }, pixels, offset);
  offset += SIZE * SIZE * 3;
}
await video.close();

setEngine(await createWasmEngine());
const config = teacherConfig('B/16', { width: 192, heads: 3, layers: 6, resolution: SIZE, alignedLayers: 3 });
const teacher = createRandomTeacher(config, { seed: 1 });
const visiblePerFrame = visibleCount(GRID * GRID, 0.8);
const noise = tensor(exponentialNoise({ seed: 1, step: 0, samples: [0] }, FRAMES * GRID * GRID), [FRAMES, GRID * GRID]);

const target = teacher.target(tensor(pixels, [1, FRAMES, SIZE, SIZE, 3]), (attention) =>
  drawVisible(attention, noise, { visiblePerFrame, frames: FRAMES }),
);
const visible = new Set(Array.from(await read(target.visible), Number));
console.log(`${path}: ${visible.size} of ${FRAMES * GRID * GRID} tokens are visible`);
for (let row = 0; row < GRID; row++) {
  const frames = Array.from({ length: FRAMES }, (_, frame) =>
    Array.from({ length: GRID }, (_, column) => (visible.has((frame * GRID + row) * GRID + column) ? '#' : '.')).join(
      '',
    ),
  );
  console.log(frames.join('  '));
}
