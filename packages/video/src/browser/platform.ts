import { BlobSource, BufferSource } from 'mediabunny';
import { addressSource } from '../address-source.ts';
import { checkIndex, memoryBytes } from '../container/check-index.ts';
import { packetFrameReader } from '../decode/packet-frame-reader.ts';
import type { OpenedSource, Platform } from '../open-video.ts';
import type { VideoSource } from '../video.ts';
import { emptySourceError, VideoError } from '../video-error.ts';
import { decoderConfigOf, openWebCodecsDecoder } from './webcodecs-decoder.ts';

/** Browsers: addresses, files that the user picked, bytes; decoding by WebCodecs. */
export const browserPlatform: Platform = {
  openSource,
  async openReader(track, _source, name, { decoder }) {
    if (decoder !== undefined && decoder !== 'webcodecs') {
      throw new VideoError(
        'no-decoder',
        `${name}: ${decoder} runs in Node only; in browsers leave the decoder to WebCodecs`,
      );
    }
    if (typeof VideoDecoder === 'undefined') {
      throw new VideoError(
        'no-decoder',
        `cannot decode ${name}: this browser has no WebCodecs here; use a current one, and https or localhost`,
      );
    }
    const config = decoderConfigOf(track);
    const { supported } = await VideoDecoder.isConfigSupported(config).catch(() => ({ supported: false }));
    if (supported !== true) {
      throw new VideoError(
        'unsupported-codec',
        `${name} is coded as ${track.codec} (${config.codec}), which this browser cannot decode: convert it to H.264 or VP9`,
      );
    }
    return {
      decoder: 'webcodecs',
      reader: packetFrameReader(track, () => Promise.resolve(openWebCodecsDecoder(track)), name),
    };
  },
};

async function openSource(source: VideoSource, givenName: string | undefined): Promise<OpenedSource> {
  if (typeof source === 'string' || source instanceof URL) {
    // Relative addresses are meant against the page.
    const address = new URL(String(source), globalThis.location?.href);
    const name = `"${givenName ?? String(source)}"`;
    return { source: addressSource(address, name), name };
  }
  const fileName = source instanceof File ? source.name : undefined;
  const name = (givenName ?? fileName) === undefined ? 'the video data' : `"${givenName ?? fileName}"`;
  if ((source instanceof Blob ? source.size : source.byteLength) === 0) throw emptySourceError(name);
  await checkIndex(memoryBytes(source), name);
  return {
    source:
      source instanceof Blob
        ? new BlobSource(source, { handleUnhandledError: () => undefined })
        : new BufferSource(source),
    name,
  };
}
