import fc from 'fast-check';
import { FilePathSource } from 'mediabunny';
import { describe, expect, it } from 'vitest';
import { openContainer } from '../src/container/open-track.ts';
import type { VideoTrack } from '../src/container/track.ts';
import { disposableIn } from '../src/decode/disposable.ts';
import type { DecodedPicture } from '../src/decode/packet-decoder.ts';
import { openVideo } from '../src/index.node.ts';
import { openLibAvDecoder } from '../src/node/libav-decoder.ts';
import { loadLibAv } from '../src/node/libav.ts';
import { ffmpegFrame, ffmpegFrameCount, oddPath } from './fixtures/files.ts';
import { planeMd5 } from './fixtures/packed.ts';

/** Runs with the track of a file and its packets in decoding order. */
async function withPackets<T>(file: string, use: (track: VideoTrack, packets: readonly Uint8Array[]) => Promise<T>) {
  const container = await openContainer(new FilePathSource(oddPath(file)), file);
  try {
    const packets: Uint8Array[] = [];
    const last = container.track.timeline.packetTimestamps.length - 1;
    for await (const { data } of container.track.packets(0, last)) packets.push(data);
    return await use(container.track, packets);
  } finally {
    container.close();
  }
}

async function framesOf(file: string, indices?: readonly number[]): Promise<ReadonlyMap<number, string>> {
  const video = await openVideo(oddPath(file), { decoder: 'node-av' });
  const hashes = new Map<number, string>();
  for await (const frame of video.frames(indices ?? [...video.frameTimestamps.keys()])) {
    hashes.set(frame.index, planeMd5(frame));
  }
  await video.close();
  return hashes;
}

describe('frames that no other refers to', () => {
  it.each([
    ['pyramid.mp4', 0.4],
    ['pyramid.ts', 0.4],
    ['pyramid-hevc.mp4', 0.4],
    ['pyramid-layers.mkv', 0.4],
    ['open-gop.mp4', 0.2],
  ])('can be left out, and all others decode to the planes of ffmpeg: %s', (file, share) =>
    withPackets(file, async (track, packets) => {
      const isDisposable = disposableIn(track) ?? (() => false);
      const left = packets.map((data) => !isDisposable(data));
      const { keyPackets, rankOfPacket, packetOfFrame } = track.timeline;
      const decoder = await openLibAvDecoder(await loadLibAv(), track, file, 1);
      const decoded: DecodedPicture[] = [];
      for (const [position, data] of packets.entries()) {
        if (left[position] !== true) continue;
        const isKey = keyPackets.includes(position);
        decoded.push(...(await decoder.decode({ data, isKey, rank: rankOfPacket[position] ?? 0, isWanted: true })));
      }
      decoded.push(...(await decoder.flush()));
      expect(decoder.sawDamage).toBe(false);
      decoder.close();
      const frameOfRank = new Map([...packetOfFrame].map((position, frame) => [rankOfPacket[position], frame]));
      for (const { rank, picture } of decoded) {
        const frame = frameOfRank.get(rank) ?? -1;
        expect(planeMd5(picture), `frame ${frame}`).toBe(ffmpegFrame(file, frame)?.md5);
      }
      const count = ffmpegFrameCount(file);
      expect(decoded).toHaveLength(left.filter((isLeft) => isLeft).length);
      expect(decoded.length).toBeLessThan((1 - share) * count);
      expect(decoded.length).toBeGreaterThan(0.2 * count);
    }),
  );

  it.each(['pyramid.mp4', 'pyramid.ts', 'pyramid-hevc.mp4', 'pyramid-layers.mkv', 'damaged-pyramid.mp4'])(
    'are told so that any frames come out as if everything was decoded: %s',
    async (file) => {
      const all = await framesOf(file);
      await fc.assert(
        fc.asyncProperty(fc.uniqueArray(fc.nat({ max: all.size - 1 }), { minLength: 1, maxLength: 6 }), async (few) => {
          for (const [index, hash] of await framesOf(file, few)) expect(hash, `frame ${index}`).toBe(all.get(index));
        }),
        { numRuns: 10 },
      );
    },
  );

  it('are not guessed at where a codec does not mark them, or a file does not say how many layers it has', () =>
    withPackets('pyramid-hevc.mp4', async (track) => {
      const { description: _, ...decoderConfig } = track.decoderConfig;
      expect(disposableIn({ ...track, decoderConfig })).toBeNull();
      for (const codec of ['vp8', 'vp9', 'av1', 'prores'] as const)
        expect(disposableIn({ ...track, codec })).toBeNull();
    }));

  it('are none among bytes that are no units', () =>
    withPackets('pyramid.mp4', async (track, packets) => {
      const isDisposable = disposableIn(track) ?? (() => true);
      const whole = packets.find((data) => isDisposable(data)) ?? new Uint8Array();
      expect(whole.length).toBeGreaterThan(4);
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
          // The first unit of every packet that is left out is a slice without references, or stands before one.
          if (isDisposable(bytes)) expect([6, 9, 12, 1]).toContain((bytes[4] ?? 0) & 31);
        }),
        { examples: [[new Uint8Array()], [new Uint8Array([0, 0, 0])], [whole.slice(0, 4)]] },
      );
      expect(isDisposable(new Uint8Array())).toBe(false);
      expect(isDisposable(whole.slice(0, 4))).toBe(false);
    }));
});
