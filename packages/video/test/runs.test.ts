import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { buildTimeline, type PacketInfo } from '../src/container/timeline.ts';
import { planRuns } from '../src/decode/runs.ts';

const packet = (timestampSeconds: number, isKey = false, isShown = true): PacketInfo => ({
  timestampSeconds,
  durationSeconds: 1,
  isKey,
  isShown,
});

describe('timeline', () => {
  it('numbers frames by time, counts from 0 on, and leaves hidden packets out', () => {
    const timeline = buildTimeline([
      packet(-2, true),
      packet(1),
      packet(-1),
      packet(-1e-9), // an edit list's rounding
      packet(4, true),
      packet(2, false, false),
      packet(3),
      packet(2),
    ]);
    expect([...timeline.packetOfFrame]).toEqual([3, 1, 7, 6, 4]);
    expect([...timeline.frameTimestamps]).toEqual([0, 1, 2, 3, 4]);
    expect([...timeline.keyPackets]).toEqual([0, 4]);
    expect(timeline.durationSeconds).toBe(5);
    expect([...timeline.rankOfPacket]).toEqual([0, 3, 1, 2, 7, 4, 6, 5]);
  });
});

describe('runs', () => {
  /** Groups of pictures whose frames are shuffled as B-frames are: any order after the key packet, which is shown first. */
  const closedGroups = fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 8 }).chain((sizes) =>
    fc.tuple(
      ...sizes.map((size, group) => {
        const start = sizes.slice(0, group).reduce((sum, s) => sum + s, 0);
        const rest = Array.from({ length: size - 1 }, (_, i) => start + 1 + i);
        return fc
          .shuffledSubarray(rest, { minLength: rest.length })
          .map((order) => [packet(start, true), ...order.map((time) => packet(time))]);
      }),
    ),
  );

  it('feed every wanted packet with its whole group before it, in order, and no group without a wanted frame', () => {
    fc.assert(
      fc.property(closedGroups, fc.infiniteStream(fc.boolean()), (groups, chosen) => {
        const timeline = buildTimeline(groups.flat());
        const wanted = [...timeline.packetOfFrame.keys()].filter(() => chosen.next().value);
        const runs = planRuns(timeline, wanted);
        expect(runs.flatMap(({ frames }) => frames)).toEqual(wanted);
        let fed = -1;
        for (const { start, end, frames } of runs) {
          expect(start).toBeGreaterThan(fed);
          fed = end;
          expect(timeline.keyPackets).toContain(start);
          const positions = frames.map((frame) => timeline.packetOfFrame[frame] ?? -1);
          expect(Math.min(...positions)).toBeGreaterThanOrEqual(start);
          expect(Math.max(...positions)).toBe(end);
          // Each group that the run passes through holds a wanted frame.
          const keys = [...timeline.keyPackets, Infinity];
          keys.forEach((key, i) => {
            if (key < start || key > end) return;
            expect(positions.some((position) => position >= key && position < (keys[i + 1] ?? 0))).toBe(true);
          });
        }
      }),
    );
  });

  it('reach back to the group before for frames shown before the key packet they follow', () => {
    // Decoding order: I0 P3 B1 B2 | I6 B4 B5 P8 B7, where 4 and 5 refer to 3.
    const times = [0, 3, 1, 2, 6, 4, 5, 8, 7];
    const timeline = buildTimeline(times.map((time, i) => packet(time, i === 0 || i === 4)));
    expect(planRuns(timeline, [4])).toEqual([{ start: 0, end: 5, frames: [4] }]);
    expect(planRuns(timeline, [7])).toEqual([{ start: 4, end: 8, frames: [7] }]);
    expect(planRuns(timeline, [1, 7])).toEqual([
      { start: 0, end: 2, frames: [1] },
      { start: 4, end: 8, frames: [7] },
    ]);
    expect(planRuns(timeline, [5, 7])).toEqual([{ start: 0, end: 8, frames: [5, 7] }]);
  });
});
