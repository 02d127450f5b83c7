import type { Encoder } from './encoder.ts';
import { QUALITY } from './quality.ts';

/** Encodes with node-av; null where it is not installed, does not run here, or has no libx264. */
export async function libAvEncoder(): Promise<Encoder | null> {
  const loaded = await Promise.all([import('node-av/api'), import('node-av/lib'), import('node-av/constants')]).catch(
    () => null,
  );
  if (!loaded) return null;
  const [{ Encoder: VideoEncoder, Muxer }, { Codec, Frame, Log }, constants] = loaded;
  Log.setLevel(constants.AV_LOG_QUIET);
  if (!Codec.findEncoderByName(constants.FF_ENCODER_LIBX264)) return null;

  return async (path, { size, framesPerSecond, frames }) => {
    const encoder = await VideoEncoder.create(constants.FF_ENCODER_LIBX264, {
      context: { gopSize: 1, threadCount: 1, colorSpace: constants.AVCOL_SPC_SMPTE170M },
      options: { qp: QUALITY, preset: 'veryfast' },
    });
    try {
      const muxer = await Muxer.open(path);
      try {
        const stream = muxer.addStream(encoder);
        for (const [index, planes] of frames.entries()) {
          const frame = Frame.fromVideoBuffer(Buffer.from(planes.buffer, planes.byteOffset, planes.byteLength), {
            width: size,
            height: size,
            format: constants.AV_PIX_FMT_YUV420P,
            pts: BigInt(index),
            timeBase: { num: 1, den: framesPerSecond },
          });
          for (const packet of await encoder.encodeAll(frame)) await muxer.writePacket(packet, stream);
          frame.free();
        }
        for (const packet of await encoder.encodeAll(null)) await muxer.writePacket(packet, stream);
      } finally {
        await muxer.close();
      }
    } finally {
      encoder.close();
    }
  };
}
