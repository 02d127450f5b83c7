import type { RgbImage } from '@umt/video';
import { rotationMatrix, transformAffine, type AffineMatrix } from './affine.ts';
import type { DrawnOperation } from './draw.ts';
import { brightness, color, contrast, sharpness } from './enhance.ts';
import {
  applyTable,
  autoContrastTables,
  equalizeTables,
  INVERT_TABLE,
  posterizeTable,
  solarizeAddTable,
  solarizeTable,
} from './tables.ts';

/** Makes a frame of a frame of the same size. The target may not be the image's own memory. */
type FrameOperation = (image: RgbImage, target: Uint8Array) => void;

/** An operation ready to be applied to every frame of a clip: bit for bit Pillow's. */
function frameOperation({ name, value, filter }: DrawnOperation): FrameOperation {
  const byTable =
    (table: Uint8Array): FrameOperation =>
    (image, target) =>
      applyTable(image, table, target);
  const byMatrix =
    (matrixFor: (width: number, height: number) => AffineMatrix): FrameOperation =>
    (image, target) =>
      transformAffine(image, matrixFor(image.width, image.height), filter, target);
  switch (name) {
    case 'AutoContrast':
      return (image, target) => applyTable(image, autoContrastTables(image), target);
    case 'Equalize':
      return (image, target) => applyTable(image, equalizeTables(image), target);
    case 'Invert':
      return byTable(INVERT_TABLE);
    case 'Posterize':
      return byTable(posterizeTable(value));
    case 'Solarize':
      return byTable(solarizeTable(value));
    case 'SolarizeAdd':
      return byTable(solarizeAddTable(value));
    case 'Color':
      return color(value);
    case 'Contrast':
      return contrast(value);
    case 'Brightness':
      return brightness(value);
    case 'Sharpness':
      return sharpness(value);
    case 'Rotate':
      return byMatrix((width, height) => rotationMatrix(value, width, height));
    case 'ShearX':
      return byMatrix(() => [1, value, 0, 0, 1, 0]);
    case 'ShearY':
      return byMatrix(() => [1, 0, 0, value, 1, 0]);
    case 'TranslateX':
      return byMatrix((width) => [1, 0, value * width, 0, 1, 0]);
    case 'TranslateY':
      return byMatrix((_, height) => [1, 0, 0, 0, 1, value * height]);
  }
}

/** Applies operations one after the other to the frames of a clip. Holds two frames of memory, reused. */
export class FrameAugmenter {
  readonly #operations: readonly FrameOperation[];
  #buffers: readonly [Uint8Array, Uint8Array] = [new Uint8Array(0), new Uint8Array(0)];

  constructor(operations: readonly DrawnOperation[]) {
    this.#operations = operations.map(frameOperation);
  }

  /** The augmented frame, valid until the next call; the frame itself where there is no operation. */
  apply(image: RgbImage): RgbImage {
    const { length } = image.data;
    if (this.#buffers[0].length !== length) this.#buffers = [new Uint8Array(length), new Uint8Array(length)];
    let current = image;
    for (const [i, operation] of this.#operations.entries()) {
      const target = this.#buffers[i % 2 === 0 ? 0 : 1];
      operation(current, target);
      current = { ...image, data: target };
    }
    return current;
  }
}
