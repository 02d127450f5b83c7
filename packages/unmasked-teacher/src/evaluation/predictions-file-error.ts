/** A predictions file belongs to another evaluation, or to nothing that is known. */
export class PredictionsFileError extends Error {
  override readonly name = 'PredictionsFileError';
}
