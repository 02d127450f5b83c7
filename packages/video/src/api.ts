export { VideoError, type VideoErrorKind } from './video-error.ts';
export {
  rgbPicture,
  UNTAGGED_COLOR_SPACE,
  type ColorMatrix,
  type ColorSpace,
  type Picture,
  type PictureFormat,
  type Plane,
} from './picture.ts';
export type { ResizeFilter } from './taps.ts';
export type { ResizeGeometry } from './rgb-rows.ts';
export {
  frameToTensor,
  IMAGENET_MEAN,
  IMAGENET_STD,
  type FrameToTensorOptions,
  type RgbTriple,
} from './frame-to-tensor.ts';
export { resampleToRgb, toRgb, type RgbImage } from './to-rgb.ts';
export type { JpegEncoder, JpegEncoderOptions, OpenJpegEncoder } from './jpeg-encoder.ts';
export { resizeRgb } from './resize-rgb.ts';
export { resizeRgbFixedPoint } from './resize-fixed-point.ts';
export type { DecodeJpegOptions, DecodeJpegs } from './jpeg.ts';
export * from './sampling/index.ts';
export type { OpenVideo } from './open-video.ts';
export type { Rotation } from './container/track.ts';
export type { DecoderName, Frame, OpenVideoOptions, Video, VideoSource } from './video.ts';
