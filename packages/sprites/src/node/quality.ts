/** x264's quantizer of every frame: lower is better, 0 is lossless. */
export const QUALITY = 20;
