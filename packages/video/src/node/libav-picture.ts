import type { Frame as LibAvFrame } from 'node-av/lib';
import { splitPlanes } from '../packed-planes.ts';
import type { ColorSpace, Picture, PictureFormat } from '../picture.ts';
import type { LibAv } from './libav.ts';

interface PixelLayout {
  readonly format: PictureFormat;
  readonly bitDepth: number;
  /** True for the "yuvj" formats, which are full range by their name. */
  readonly isFullRange: boolean;
}

/** What a libav pixel format name means for us, or null where swscale has to convert. */
function pixelLayout(name: string): PixelLayout | null {
  if (name === 'nv12') return { format: 'NV12', bitDepth: 8, isFullRange: false };
  const gray = /^gray(?:(\d+)le)?$/.exec(name);
  if (gray !== null) return { format: 'I400', bitDepth: Number(gray[1] ?? 8), isFullRange: false };
  const planar = /^yuv([aj]?)(420|422|440|444)p(?:(\d+)le)?$/.exec(name);
  if (planar === null) return null;
  const formats: Readonly<Record<string, PictureFormat>> = { 420: 'I420', 422: 'I422', 440: 'I440', 444: 'I444' };
  const format = formats[planar[2] ?? ''];
  return format === undefined ? null : { format, bitDepth: Number(planar[3] ?? 8), isFullRange: planar[1] === 'j' };
}

/** Copies a libav frame into a picture of its own memory; formats without a counterpart become RGB through swscale. */
export function copyPicture(libav: LibAv, frame: LibAvFrame, colorSpace: ColorSpace): Picture {
  // A decoder's frames are pictures; the getter's type allows sound too.
  const pixelFormat = frame.format as Parameters<LibAv['avGetPixFmtName']>[0];
  const layout = pixelLayout(libav.avGetPixFmtName(pixelFormat) ?? '');
  if (layout === null) return convertToRgb(libav, frame, pixelFormat, colorSpace);
  const { width, height } = frame;
  const packed = frame.toBuffer();
  return {
    width,
    height,
    format: layout.format,
    bitDepth: layout.bitDepth,
    planes: splitPlanes(packed, layout.format, layout.bitDepth, width, height),
    colorSpace: layout.isFullRange ? { ...colorSpace, fullRange: true } : colorSpace,
  };
}

function convertToRgb(
  libav: LibAv,
  frame: LibAvFrame,
  pixelFormat: Parameters<LibAv['avGetPixFmtName']>[0],
  colorSpace: ColorSpace,
): Picture {
  const { width, height } = frame;
  const scaler = new libav.SoftwareScaleContext();
  const target = new libav.Frame();
  try {
    target.alloc();
    target.width = width;
    target.height = height;
    target.format = libav.AV_PIX_FMT_RGB24;
    libav.FFmpegError.throwIfError(target.getBuffer(), 'allocate RGB frame');
    scaler.getContext(width, height, pixelFormat, width, height, libav.AV_PIX_FMT_RGB24);
    libav.FFmpegError.throwIfError(scaler.scaleFrameSync(target, frame), 'convert to RGB');
    const planes = splitPlanes(target.toBuffer(), 'RGB', 8, width, height);
    return { width, height, format: 'RGB', bitDepth: 8, planes, colorSpace };
  } finally {
    scaler.freeContext();
    target.free();
  }
}
