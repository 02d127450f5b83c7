/** FFmpeg's libraries as node-av gives them. Types only: the package itself is optional and loaded on first use. */
export type LibAv = typeof import('node-av/lib') & typeof import('node-av/constants');

let loading: Promise<LibAv> | undefined;

/**
 * Loads node-av once, and silences libav's own messages on stderr (they are process-wide; errors reach the caller instead).
 * Rejects when node-av is not installed or its binary does not run here.
 */
export function loadLibAv(): Promise<LibAv> {
  loading ??= Promise.all([import('node-av/lib'), import('node-av/constants')]).then(([lib, constants]) => {
    lib.Log.setLevel(constants.AV_LOG_QUIET);
    return { ...lib, ...constants };
  });
  return loading;
}
