import { describe, expect, it } from 'vitest';
import type { Orientation, Rotation } from '../src/container/track.ts';
import { orientPicture } from '../src/orient.ts';
import { type Picture, toRgb, UNTAGGED_COLOR_SPACE } from '../src/index.ts';

const picture: Picture = {
  width: 3,
  height: 2,
  format: 'I422',
  bitDepth: 8,
  planes: [
    { data: Uint8Array.of(1, 2, 3, 0, 4, 5, 6, 0), stride: 4, width: 3, height: 2 },
    { data: Uint8Array.of(10, 11, 12, 13), stride: 2, width: 2, height: 2 },
    { data: Uint8Array.of(20, 21, 22, 23), stride: 2, width: 2, height: 2 },
  ],
  colorSpace: UNTAGGED_COLOR_SPACE,
};

const luma = (rotation: Rotation, isMirrored = false) => {
  const { planes, width } = orientPicture(picture, { rotation, isMirrored });
  const data = [...(planes[0]?.data ?? [])];
  return Array.from({ length: data.length / width }, (_, y) => data.slice(y * width, (y + 1) * width));
};

describe('orientPicture', () => {
  it('turns clockwise, then mirrors', () => {
    expect(luma(90)).toEqual([
      [4, 1],
      [5, 2],
      [6, 3],
    ]);
    expect(luma(180)).toEqual([
      [6, 5, 4],
      [3, 2, 1],
    ]);
    expect(luma(270)).toEqual([
      [3, 6],
      [2, 5],
      [1, 4],
    ]);
    expect(luma(0, true)).toEqual([
      [3, 2, 1],
      [6, 5, 4],
    ]);
    expect(luma(90, true)).toEqual([
      [1, 4],
      [2, 5],
      [3, 6],
    ]);
  });

  it('turns every plane, exchanges 4:2:2 and 4:4:0, and keeps the picture when turned back', () => {
    const turned = orientPicture(picture, { rotation: 90, isMirrored: false });
    expect(turned).toMatchObject({ width: 2, height: 3, format: 'I440' });
    expect(turned.planes.map(({ data }) => [...data])).toEqual([
      [4, 1, 5, 2, 6, 3],
      [12, 10, 13, 11],
      [22, 20, 23, 21],
    ]);
    // One memory: the planes can be transferred together.
    expect(new Set(turned.planes.map(({ data }) => data.buffer)).size).toBe(1);
    const back = orientPicture(turned, { rotation: 270, isMirrored: false });
    expect(toRgb(back)).toEqual(toRgb(picture));
  });

  it('returns an upright picture as it is', () => {
    const upright: Orientation = { rotation: 0, isMirrored: false };
    expect(orientPicture(picture, upright)).toBe(picture);
  });
});
