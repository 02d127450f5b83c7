// V videos, T texts.

/** Similarities of videos and texts, and which belong together. */
export interface RetrievalInput {
  /** [V, T], row by row: higher is more alike. Each video ranks all texts by its row. */
  readonly videoToText: ArrayLike<number>;
  /** [T, V]: each text ranks all videos by its row. Default: the transpose; re-ranking gives scores of its own. */
  readonly textToVideo?: ArrayLike<number>;
  /** For each video the texts that describe it, from 0 to T - 1. A text may belong to several videos. */
  readonly textsOfVideo: readonly (readonly number[])[];
  /** T. */
  readonly texts: number;
}

/** Shares of the queries, from 0 to 1, that have one of their own among the first 1, 5 and 10, and the mean of the three. */
export interface RecallAt {
  readonly r1: number;
  readonly r5: number;
  readonly r10: number;
  readonly mean: number;
}

/** Recall of retrieval in both directions. */
export interface RetrievalRecall {
  readonly videoToText: RecallAt;
  readonly textToVideo: RecallAt;
  /** Mean of both directions' means. */
  readonly mean: number;
}

/**
 * Recall of text-video retrieval (reference behaviour). The rank of a query is that of the best of its own; among equal
 * scores the later candidate comes first. A video with several texts is found by any of them, and each of the texts is a
 * query of its own; texts of equal words are different candidates.
 *
 * @throws RangeError when sizes disagree, a score is not a number, or a video or a text has nothing that belongs to it
 */
export function retrievalRecall({
  videoToText,
  texts,
  textsOfVideo,
  textToVideo = transposed(videoToText, textsOfVideo.length, texts),
}: RetrievalInput): RetrievalRecall {
  const videosOfText = Array.from({ length: texts }, (): number[] => []);
  for (const [video, itsTexts] of textsOfVideo.entries()) {
    for (const text of itsTexts) {
      const videos = videosOfText[text];
      if (!videos) throw new RangeError(`retrievalRecall: video ${video} names text ${text}; there are ${texts} texts`);
      videos.push(video);
    }
  }
  const ofVideos = recall('video', videoToText, textsOfVideo, texts);
  const ofTexts = recall('text', textToVideo, videosOfText, textsOfVideo.length);
  return { videoToText: ofVideos, textToVideo: ofTexts, mean: (ofVideos.mean + ofTexts.mean) / 2 };
}

function recall(
  query: 'video' | 'text',
  scores: ArrayLike<number>,
  own: readonly (readonly number[])[],
  candidates: number,
): RecallAt {
  if (own.length === 0 || scores.length !== own.length * candidates) {
    throw new RangeError(
      `retrievalRecall: ${scores.length} scores for ${own.length} ${query}s and ${candidates} candidates`,
    );
  }
  const ranks = own.map((right, row) => {
    if (right.length === 0) throw new RangeError(`retrievalRecall: nothing belongs to ${query} ${row}`);
    return Math.min(...right.map((candidate) => rankOf(query, scores, row, candidates, candidate)));
  });
  const within = (k: number) => ranks.filter((rank) => rank < k).length / ranks.length;
  const [r1, r5, r10] = [within(1), within(5), within(10)];
  return { r1, r5, r10, mean: (r1 + r5 + r10) / 3 };
}

/** How many candidates of a query come before one of them. */
function rankOf(query: string, scores: ArrayLike<number>, row: number, candidates: number, candidate: number): number {
  const score = scores[row * candidates + candidate] ?? NaN;
  let rank = 0;
  for (let other = 0; other < candidates; other++) {
    const rival = scores[row * candidates + other] ?? NaN;
    if (Number.isNaN(rival)) {
      throw new RangeError(`retrievalRecall: the score of ${query} ${row} and candidate ${other} is not a number`);
    }
    if (rival > score || (rival === score && other > candidate)) rank++;
  }
  return rank;
}

function transposed(scores: ArrayLike<number>, rows: number, columns: number): Float64Array {
  return Float64Array.from(
    { length: rows * columns },
    (_, place) => scores[(place % rows) * columns + Math.floor(place / rows)] ?? NaN,
  );
}
