/**
 * FFmpeg's demuxers that may read a file: containers of video. Left out are those that open other files or addresses which
 * the file names (playlists, concat scripts), and those that take a text or a still picture for a video.
 */
export const FORMATS =
  'avi,flv,live_flv,asf,mpeg,mpegvideo,mpegts,gif,mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,ogg,ivf,dv,rm,m4v,nut,mxf,h264,hevc';

/** The only way by which a demuxer may read. */
export const PROTOCOLS = 'file';

/** Pictures above this many pixels come from damaged headers; decoding them could exhaust memory. */
export const MAX_PIXELS = 2 ** 27;

/** How messages name the containers that Node reads. */
export const FORMAT_NAMES = 'mp4, mov, mkv, webm, ts, avi, flv, wmv, mpg or gif';

/** This package's name for a codec that FFmpeg calls `name`. */
export const codecName = (name: string): string => (name === 'h264' ? 'avc' : name);

/**
 * Makes frame times that a player can show: a frame without a time follows the one before at the frame rate; times never
 * go back, and none lies before 0.
 *
 * @param times seconds, or NaN where the file says nothing.
 * @param interval seconds per frame, for frames without a time.
 */
export function frameTimes(
  times: readonly number[],
  interval: number,
): { readonly frameTimestamps: Float64Array; readonly durationSeconds: number } {
  const frameTimestamps = new Float64Array(times.length);
  let previous = Number.NaN;
  times.forEach((time, i) => {
    const next = Number.isNaN(previous) ? 0 : previous + interval;
    const known = Number.isNaN(time) ? next : time;
    previous = Math.max(0, Number.isNaN(previous) ? known : Math.max(previous, known));
    frameTimestamps[i] = previous;
  });
  return { frameTimestamps, durationSeconds: times.length === 0 ? 0 : previous + interval };
}
