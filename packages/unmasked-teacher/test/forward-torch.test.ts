import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openCheckpoint, type CheckpointTensor } from '@umt/checkpoint';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventsOf, isBuilt, umt } from './cli.ts';
import { classifier, largestDifference, stage1, videoMae } from './forward-models.ts';
import { demandTorch, python, torchVersion } from './python-torch.ts';

/** Largest absolute difference of float32 outputs and losses. */
const TOLERANCE = 2e-5;
/** Largest difference of a gradient from PyTorch's, relative to its norm. */
const GRADIENT_TOLERANCE = 1e-4;

demandTorch();

describe.skipIf(torchVersion === null || !isBuilt)(
  'umt forward against PyTorch (skipped without python3-torch or pnpm build)',
  () => {
    let folder: string;
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'umt-forward-'));
      await python(fileURLToPath(new URL('torch/forward_models.py', import.meta.url)), folder);
    });
    afterAll(() => rm(folder, { recursive: true, force: true }));

    const at = (file: string) => join(folder, file);

    /** What the program gives for a case, and what PyTorch expects. */
    async function both(name: string): Promise<readonly ReadonlyMap<string, CheckpointTensor>[]> {
      const paths = ['--model', `${name}.json`, '--weights', `${name}.pth`, '--input', `${name}.in.safetensors`];
      const words = [...paths, '--output', `${name}.out.safetensors`];
      const result = await umt(['forward', ...words, '--gradients', '--device', 'wasm', '--json'], { cwd: folder });
      expect(result, result.err).toMatchObject({ code: 0, err: '' });
      expect(eventsOf(result).at(-1)).toMatchObject({
        type: 'result',
        device: 'wasm',
        output: `${name}.out.safetensors`,
      });
      return Promise.all([at(`${name}.out.safetensors`), at(`${name}.expected.pth`)].map(readAll));
    }

    test.each([
      ['student', 'a whole training checkpoint: model, optimizer, epoch, Namespace'],
      ['options', 'every option otherwise, half precision under module, the format before 1.6'],
      ['teacher', 'a bare visual tower'],
      [
        'whole-clip',
        'a whole CLIP as OpenAI ships it, TorchScript in half precision: kernel inflated, positions resized, patches dropped',
      ],
      ['classifier', 'mean pooling, positions interpolated by PyTorch'],
      ['first-token', 'first token, LayerScale'],
      ['videomae', 'its own pixels'],
      ['videomae-target', 'a target that is given'],
    ])('%s (%s): outputs, losses and every gradient', async (name) => {
      const [actual = new Map<string, CheckpointTensor>(), expected = new Map<string, CheckpointTensor>()] =
        await both(name);
      expect([...actual.keys()].sort()).toEqual([...expected.keys()].sort());
      for (const [key, { shape, data }] of expected) {
        const values = Array.from(data, Number);
        const found = actual.get(key);
        expect(found?.shape, key).toEqual(shape);
        const norm = Math.hypot(...values.slice(0, 1e5));
        const tolerance = key.startsWith('grad.') ? Math.max(GRADIENT_TOLERANCE * norm, 1e-7) : TOLERANCE;
        expect(largestDifference(found && Array.from(found.data, Number), values), key).toBeLessThan(tolerance);
      }
    });

    test('these models are those of the recorded reference values', async () => {
      const output = async (name: string) => {
        const tensor = (await readAll(at(`${name}.expected.pth`))).get('output');
        return Array.from(tensor?.data ?? [], Number);
      };
      expect(largestDifference(await output('student'), stage1.student.output.data)).toBeLessThan(TOLERANCE);
      expect(largestDifference(await output('teacher'), stage1.teacher.features.data)).toBeLessThan(TOLERANCE);
      expect(largestDifference(await output('classifier'), classifier.meanPooling.logits.data)).toBeLessThan(TOLERANCE);
      expect(
        largestDifference(await output('first-token'), classifier.firstTokenWithLayerScale.logits.data),
      ).toBeLessThan(TOLERANCE);
      expect(largestDifference((await output('videomae')).slice(0, 8), videoMae.firstOutput)).toBeLessThan(TOLERANCE);
    });
  },
);

async function readAll(path: string): Promise<ReadonlyMap<string, CheckpointTensor>> {
  const file = await openCheckpoint(path);
  try {
    const tensors = new Map<string, CheckpointTensor>();
    for (const name of file.tensors.keys()) tensors.set(name, await file.read(name));
    return tensors;
  } finally {
    await file.close();
  }
}
