import {
  chromaSubsampling,
  type ColorSpace,
  lumaStep,
  type Picture,
  type PictureFormat,
  type Plane,
} from '../picture.ts';

interface NativeLayout {
  readonly format: PictureFormat;
  readonly bitDepth: number;
}

/** What WebCodecs' pixel format names mean for us; null for RGB orders and for frames that hide their planes. */
function nativeLayout(format: string | null): NativeLayout | null {
  if (format === 'NV12') return { format: 'NV12', bitDepth: 8 };
  const planar = /^I(420|422|444)A?(?:P(10|12))?$/.exec(format ?? '');
  if (planar === null) return null;
  const formats: Readonly<Record<string, PictureFormat>> = { 420: 'I420', 422: 'I422', 444: 'I444' };
  const picture = formats[planar[1] ?? ''];
  return picture === undefined ? null : { format: picture, bitDepth: Number(planar[2] ?? 8) };
}

/**
 * Copies a browser's frame: native planes where they can be read, so that colour is converted here as in Node; else the
 * browser's own RGBA. Does not close the frame.
 */
export async function copyVideoFrame(
  frame: VideoFrame,
  colorSpace: ColorSpace,
): Promise<{ readonly picture: Picture; readonly isBrowserConverted: boolean }> {
  const width = frame.visibleRect?.width ?? frame.codedWidth;
  const height = frame.visibleRect?.height ?? frame.codedHeight;
  const layout = nativeLayout(frame.format);
  if (layout === null) {
    const data = await copyRgba(frame, width, height);
    const planes = [{ data, stride: width * 4, width, height }];
    return { picture: { width, height, format: 'RGBA', bitDepth: 8, planes, colorSpace }, isBrowserConverted: true };
  }
  const buffer = new ArrayBuffer(frame.allocationSize());
  const planeLayouts = await frame.copyTo(buffer);
  const [dx, dy] = chromaSubsampling(layout.format);
  const count = layout.format === 'NV12' ? 2 : 3;
  const planes = planeLayouts.slice(0, count).map(({ offset, stride }, i): Plane => {
    const step = i === 0 ? lumaStep(layout.format) : layout.format === 'NV12' ? 2 : 1;
    const data = layout.bitDepth > 8 ? new Uint16Array(buffer, offset) : new Uint8Array(buffer, offset);
    const elements = stride / data.BYTES_PER_ELEMENT;
    return {
      data,
      stride: elements,
      width: i === 0 ? width : Math.min(Math.ceil(width / dx), Math.floor(elements / step)),
      height: i === 0 ? height : Math.ceil(height / dy),
    };
  });
  return { picture: { width, height, ...layout, planes, colorSpace }, isBrowserConverted: false };
}

async function copyRgba(frame: VideoFrame, width: number, height: number): Promise<Uint8Array | Uint8ClampedArray> {
  const options = { format: 'RGBA', colorSpace: 'srgb' } as const;
  try {
    const data = new Uint8Array(frame.allocationSize(options));
    await frame.copyTo(data, options);
    return data;
  } catch {
    // Older browsers cannot convert while they copy; a canvas can.
    const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
    if (context === null) throw new Error('the browser gives no 2d canvas to read frames with');
    context.drawImage(frame, 0, 0, width, height);
    return context.getImageData(0, 0, width, height).data;
  }
}
