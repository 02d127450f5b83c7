/** What tells questions apart: the `question_id` of the annotation files. */
export type QuestionId = number | string;

/** How many questions were answered right. */
export interface AnswerAccuracy {
  /** `correct / questions`: a share from 0 to 1. */
  readonly accuracy: number;
  readonly correct: number;
  readonly questions: number;
  /** Questions without a prediction. They count as wrong. */
  readonly missing: number;
}

/**
 * Accuracy of question answering: a prediction is right where it equals the answer character for character (reference
 * behaviour). Predictions for questions that were not asked are left alone.
 *
 * @param answers the true answer of every question
 * @param predictions the predicted ones; a question that was predicted twice has one entry
 * @throws RangeError when there is no question
 */
export function answerAccuracy(
  answers: ReadonlyMap<QuestionId, string>,
  predictions: ReadonlyMap<QuestionId, string>,
): AnswerAccuracy {
  if (answers.size === 0) throw new RangeError('answerAccuracy: there is no question');
  const questions = [...answers];
  const correct = questions.filter(([id, answer]) => predictions.get(id) === answer).length;
  const missing = questions.filter(([id]) => !predictions.has(id)).length;
  return { accuracy: correct / questions.length, correct, questions: questions.length, missing };
}
