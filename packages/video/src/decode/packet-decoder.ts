import type { Picture } from '../picture.ts';

/** One compressed packet on its way to a decoder. */
export interface EncodedVideoPacket {
  readonly data: Uint8Array;
  readonly isKey: boolean;
  /** Its place by time among all packets of the track: decoders carry it as the timestamp. */
  readonly rank: number;
  /** True when its frame is to be kept. */
  readonly isWanted: boolean;
}

/** A frame as it left a decoder: not rotated yet. */
export interface DecodedPicture {
  /** The rank of the packet it came from. */
  readonly rank: number;
  readonly picture: Picture;
  /** True where a browser gave RGB of its own making because the native planes cannot be read. */
  readonly isBrowserConverted: boolean;
}

/** Opens a decoder for the track it was made for. */
export type PacketDecoderFactory = () => Promise<PacketDecoder>;

/**
 * Turns packets into pictures. Damaged packets are passed over in silence, their frames missing or concealed, as FFmpeg does.
 */
export interface PacketDecoder {
  /** True when a packet since the last but one flush was damaged. What replaces damage depends on all frames before it. */
  readonly sawDamage: boolean;
  /** Feeds one packet and resolves to the wanted pictures that are ready, in order of rank. */
  decode(packet: EncodedVideoPacket): Promise<readonly DecodedPicture[]>;
  /** Resolves to the wanted pictures still inside; afterwards the next packet must be a key packet. */
  flush(): Promise<readonly DecodedPicture[]>;
  /** Frees the decoder. Safe to call twice. */
  close(): void;
}
