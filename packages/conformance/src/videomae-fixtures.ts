import { pixelLoss, videoMaeTarget } from '@umt/losses';
import { droppedTokens } from '@umt/masking';
import { read, readScalar, scope, setEngine, tensor, type Engine, type Tensor } from '@umt/tensor';
import { patchVectors } from '@umt/tokenizer';
import { VideoMae, videoMaeConfig } from '@umt/vit';
import { beforeAll, expect, it } from 'vitest';
import fixture from '../fixtures/videomae.json' with { type: 'json' };
import { describeOn } from './describe-engine.ts';
import { loadSynthetic, syntheticVideo } from './synthetic.ts';

/** Largest absolute difference of values. */
const TOLERANCE = 2e-5;

const { img, patch, frames, tubelet } = fixture.config;

/** VideoMAE on one engine against values measured on the reference implementation: predictions, target, both losses. */
export async function describeVideoMaeFixtures(
  name: string,
  createEngine: () => Engine | Promise<Engine>,
): Promise<void> {
  await describeOn(name, createEngine, (engine) => {
    let prediction: Tensor;
    let maskedPatches: Tensor;

    beforeAll(async () => {
      setEngine(engine);
      const [width = 0, depth = 0, heads = 0] = fixture.config.enc;
      const [decoderWidth = 0, decoderDepth = 0, decoderHeads = 0] = fixture.config.dec;
      const model = new VideoMae(
        videoMaeConfig('B/16', {
          ...{ width, depth, heads, decoderWidth, decoderDepth, decoderHeads },
          ...{ patch, tubelet, frames, imageSize: img },
        }),
      );
      await loadSynthetic(model);
      const video = tensor(syntheticVideo([2, frames, img, img]), [2, frames, img, img, 3]);
      const visible = Int32Array.from(fixture.visibleIndices.flat());
      const masked = tensor(droppedTokens(visible, 2, 32), [2, 24]);
      prediction = model.forward(video, tensor(visible, [2, 8]), masked);
      maskedPatches = patchVectors(video, { frames: tubelet, patch }, masked);
    });

    it('VideoMAE predicts the reference pixels of the masked tokens', async () => {
      expect(prediction.shape).toEqual(fixture.outputShape);
      await expectEnds(prediction, fixture.firstOutput, fixture.lastOutput);
    });

    it('the pixel target is the reference target', async () => {
      await expectEnds(videoMaeTarget(maskedPatches), fixture.firstTarget, fixture.lastTarget);
    });

    it.each([
      ['standardised', true, fixture.standardizedLoss],
      ['raw', false, fixture.rawLoss],
    ] as const)('the loss against %s pixels is the reference loss', async (_, standardize, expected) => {
      const loss = scope(() => pixelLoss(prediction, videoMaeTarget(maskedPatches, { standardize })));
      expect(Math.abs((await readScalar(loss)) - expected)).toBeLessThan(TOLERANCE);
    });
  });
}

/** The first and the last eight elements. */
async function expectEnds(tensor: Tensor, first: readonly number[], last: readonly number[]): Promise<void> {
  const values = Array.from(await read(tensor), Number);
  const found = [...values.slice(0, first.length), ...values.slice(-last.length)];
  const expected = [...first, ...last];
  expect(Math.max(...expected.map((value, index) => Math.abs((found[index] ?? NaN) - value)))).toBeLessThan(TOLERANCE);
}
