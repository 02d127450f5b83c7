import type { ParameterSource } from '@umt/nn';
import { describe, expect, it } from 'vitest';
import {
  classifierConfig,
  classifierConfigOf,
  classifierParameterShapes,
  describeVitCheckpoint,
  studentConfig,
  studentParameterShapes,
  videoMaeConfig,
  videoMaeParameterShapes,
  type ClassifierConfig,
} from '../src/index.ts';

const sourceOf = (shapes: ReadonlyMap<string, readonly number[]>, prefix = ''): ParameterSource => ({
  shapes: new Map([...shapes].map(([name, shape]) => [prefix + name, shape])),
  read: () => new Float32Array(),
});
const classifier = (size: 'B/16' | 'L/16', changes: Partial<ClassifierConfig> = {}) =>
  sourceOf(classifierParameterShapes(classifierConfig(size, changes)));
const student = (size: 'B/16' | 'L/16', changes = {}) => sourceOf(studentParameterShapes(studentConfig(size, changes)));

describe('the configuration of a classifier, read off a checkpoint', () => {
  it.each<readonly [string, 'B/16' | 'L/16', Partial<ClassifierConfig>]>([
    ['B/16 of 710 classes', 'B/16', { classes: 710 }],
    ['L/16 of 16 frames', 'L/16', { frames: 16 }],
    ['L/16 of 384 x 384', 'L/16', { imageSize: 384 }],
    ['L/16 of 16 frames of 384 x 384', 'L/16', { imageSize: 384, frames: 16 }],
    ['B/16 with first-token pooling', 'B/16', { pooling: 'first-token' }],
    ['B/16 without biases', 'B/16', { qkvBias: false }],
    ['B/16 with LayerScale', 'B/16', { initValues: 0.1 }],
    ['B/16 with tubelets of two frames', 'B/16', { tubelet: 2, frames: 16 }],
    ['B/16 of 12 frames', 'B/16', { frames: 12 }],
    ['L/14', 'L/16', { patch: 14 }],
    ['L/14 of 336 x 336', 'L/16', { patch: 14, imageSize: 336 }],
  ])('is that of %s', (_, size, changes) => {
    const config = classifierConfig(size, { ...changes, dropPath: 0 });
    expect(classifierConfigOf(classifier(size, changes))).toEqual(config);
  });

  it('is that of the encoder where there is only pre-training, with the classes that are said', () => {
    const config = classifierConfig('B/16', { classes: 10, dropPath: 0.2 });
    expect(classifierConfigOf(student('B/16'), { classes: 10, dropPath: 0.2 })).toEqual(config);
    expect(() => classifierConfigOf(student('B/16'))).toThrow(/no 'head\.weight': say how many classes/);
    const tubelets = sourceOf(videoMaeParameterShapes(videoMaeConfig('L/16')));
    expect(classifierConfigOf(tubelets, { classes: 400 })).toMatchObject({ tubelet: 2, frames: 16, depth: 24 });
  });

  it('takes frames or image size from the caller where positions can be read in two ways', () => {
    const twoWays = classifier('B/16', { imageSize: 448, frames: 4 }); // 3136 positions, as 16 frames of 224 x 224 have
    expect(classifierConfigOf(twoWays)).toMatchObject({ imageSize: 224, frames: 16 });
    const tiny = classifier('B/16', { imageSize: 64, frames: 2 });
    expect(classifierConfigOf(tiny, { frames: 2 })).toMatchObject({ imageSize: 64, frames: 2 });
    expect(classifierConfigOf(tiny, { imageSize: 64 })).toMatchObject({ imageSize: 64, frames: 2 });
    const odd = classifier('B/16', { imageSize: 48, frames: 5 });
    expect(() => classifierConfigOf(odd)).toThrow(/no usual number of square frames; say frames and imageSize/);
    expect(classifierConfigOf(odd, { imageSize: 48, frames: 5 })).toMatchObject({ imageSize: 48, frames: 5 });
  });

  it('needs to be told the heads of a width that heads of 64 do not make', () => {
    const source = classifier('B/16', { width: 48, heads: 3 });
    expect(() => classifierConfigOf(source)).toThrow(/width, 48, makes no whole number of heads .*: say how many/);
    expect(classifierConfigOf(source, { heads: 3 }).heads).toBe(3);
  });

  it('needs the patch embedding of a video transformer', () => {
    expect(() => classifierConfigOf(sourceOf(new Map([['x', [1]]])))).toThrow(
      /no 'patch_embed\.proj\.weight': it is no video transformer/,
    );
  });
});

describe('a description of a checkpoint', () => {
  it.each<readonly [string, string, ParameterSource]>([
    ['umt-pretrain', 'UMT B/16 student, 8 frames', student('B/16')],
    ['umt-pretrain', 'UMT L/16 student, 16 frames', student('L/16', { learnablePositions: true, frames: 16 })],
    ['videomae-pretrain', 'VideoMAE H/16, 16 frames', sourceOf(videoMaeParameterShapes(videoMaeConfig('H/16')))],
    [
      'video-classifier',
      'video classifier L/16, 710 classes, 16 frames 224 px',
      classifier('L/16', { classes: 710, frames: 16 }),
    ],
    [
      'video-classifier',
      'video classifier of width 48 and depth 3, patch 16, 10 classes, 8 frames 384 px',
      classifier('B/16', { width: 48, depth: 3, classes: 10, imageSize: 384 }),
    ],
  ])('says %s: %s', (model, summary, source) => {
    for (const prefix of ['', 'module.']) {
      expect(describeVitCheckpoint(sourceOf(source.shapes, prefix))).toEqual({ model, summary });
    }
  });

  it('is none of an image transformer, of an encoder alone and of anything else', () => {
    const image = new Map(classifier('B/16').shapes).set('patch_embed.proj.weight', [768, 3, 16, 16]);
    expect(describeVitCheckpoint(sourceOf(image))).toBeNull();
    const encoder = [...student('B/16').shapes].filter(([name]) => name.startsWith('encoder.'));
    expect(describeVitCheckpoint(sourceOf(new Map(encoder)))).toBeNull();
    expect(
      describeVitCheckpoint(
        sourceOf(
          new Map([
            ['encoder.x', [1]],
            ['x', [1]],
          ]),
        ),
      ),
    ).toBeNull();
  });
});
