/** Nothing that encodes video is installed here. */
export class NoEncoderError extends Error {
  override readonly name = 'NoEncoderError';
}

/** A folder that holds clips of other options than those asked for, or none of the pictures asked for. */
export class SpriteFolderError extends Error {
  override readonly name = 'SpriteFolderError';
}
