import { averagePrecision } from './average-precision.ts';
import { intersectionOverUnion, type Box } from './box.ts';
import { roundToFiveDecimals } from './round.ts';

export type { Box } from './box.ts';

/** A person doing something in one frame. */
export interface FrameBox {
  /** Which frame of which video: any name, such as `movie,0902`. */
  readonly frame: string;
  /** x1, y1, x2, y2 as shares of width and height. */
  readonly box: Box;
  /** The action. */
  readonly classId: number;
}

/** A box that was found. */
export interface FrameDetection extends FrameBox {
  /** Higher is surer. */
  readonly score: number;
}

/** What is compared with what. */
export interface FrameMapInput {
  readonly groundTruth: Iterable<FrameBox>;
  /** Read once, so a generator will do: AVA has millions. */
  readonly detections: Iterable<FrameDetection>;
  /** The classes that are evaluated; boxes of others are left out. AVA evaluates 60 of its 80. */
  readonly classes: readonly number[];
  /** Frames that are left out on both sides. Default none. */
  readonly excludedFrames?: ReadonlySet<string>;
}

/** Frame-level mean average precision. */
export interface FrameMap {
  /** Mean of `averagePrecision` over the classes that have boxes in the ground truth, from 0 to 1; NaN where none has. */
  readonly meanAveragePrecision: number;
  /** By class; null for one without boxes in the ground truth. */
  readonly averagePrecision: ReadonlyMap<number, number | null>;
}

/** A detection that counts, and whether it found a person. */
interface Ranked {
  readonly score: number;
  readonly isHit: boolean;
}

/** Boxes of one class by frame; a detection is kept as x1, y1, x2, y2, score. */
interface ClassBoxes {
  readonly truth: Map<string, Box[]>;
  readonly found: Map<string, number[]>;
}

const THRESHOLD = 0.5;

/**
 * Frame-level mean average precision at an overlap of 0.5, as AVA is evaluated (reference behaviour): within a frame and
 * class, by falling score, a detection looks at the true box it overlaps most, and hits where the overlap is at least 0.5
 * and no detection before it took that box. The average precision is the area under the curve at every change of recall.
 *
 * Corners and scores of detections are first rounded to five decimals, half to even, because AVA's evaluation reads them
 * from such a file; detections without area or with a negative score are left out. Equal scores
 * are ordered by a reversed stable sort, within a frame and again over all frames.
 *
 * @throws RangeError for corners or scores that are not finite
 */
export function frameMeanAveragePrecision({
  groundTruth,
  detections,
  classes,
  excludedFrames = new Set(),
}: FrameMapInput): FrameMap {
  const boxesOf = new Map<number, ClassBoxes>(classes.map((id) => [id, { truth: new Map(), found: new Map() }]));
  for (const { frame, box, classId } of groundTruth) {
    if (!excludedFrames.has(frame)) listAt(boxesOf.get(classId)?.truth, frame)?.push(checked(frame, box));
  }
  for (const { frame, box, classId, score } of detections) {
    const found = excludedFrames.has(frame) ? undefined : boxesOf.get(classId)?.found;
    if (!Number.isFinite(score)) throw new RangeError(`frame mAP: a score in frame ${frame} is ${score}, not finite`);
    const [x1 = 0, y1 = 0, x2 = 0, y2 = 0, rounded = 0] = [...checked(frame, box), score].map(roundToFiveDecimals);
    if (score >= 0 && x2 > x1 && y2 > y1) listAt(found, frame)?.push(x1, y1, x2, y2, rounded);
  }
  const precisions = new Map([...boxesOf].map(([id, boxes]) => [id, precisionOf(boxes)]));
  const counted = [...precisions.values()].filter((precision) => precision !== null);
  return {
    meanAveragePrecision: counted.reduce((sum, precision) => sum + precision, 0) / counted.length,
    averagePrecision: precisions,
  };
}

function precisionOf({ truth, found }: ClassBoxes): number | null {
  const persons = [...truth.values()].reduce((sum, boxes) => sum + boxes.length, 0);
  if (persons === 0) return null;
  const ranked: Ranked[] = [];
  for (const [frame, flat] of found) for (const one of matched(flat, truth.get(frame) ?? [])) ranked.push(one);
  return averagePrecision(
    byFallingScore(ranked).map(({ isHit }) => isHit),
    persons,
  );
}

/** The detections of one frame and class, by falling score. */
function matched(flat: readonly number[], truth: readonly Box[]): readonly Ranked[] {
  const taken = new Set<number>();
  const found = Array.from({ length: flat.length / 5 }, (_, row) => {
    const [x1 = 0, y1 = 0, x2 = 0, y2 = 0, score = 0] = flat.slice(5 * row, 5 * row + 5);
    return { box: [x1, y1, x2, y2] as const, score };
  });
  return byFallingScore(found).map(({ box, score }) => {
    const overlaps = truth.map((one) => intersectionOverUnion(box, one));
    const nearest = overlaps.indexOf(Math.max(...overlaps));
    const isHit = (overlaps[nearest] ?? 0) >= THRESHOLD && !taken.has(nearest);
    if (isHit) taken.add(nearest);
    return { score, isHit };
  });
}

/** A stable ascending sort, reversed: of equal scores the later comes first. */
function byFallingScore<T extends { readonly score: number }>(list: readonly T[]): readonly T[] {
  return [...list].reverse().sort((a, b) => b.score - a.score);
}

function listAt<V>(lists: Map<string, V[]> | undefined, frame: string): V[] | undefined {
  if (!lists) return undefined;
  const list = lists.get(frame) ?? [];
  lists.set(frame, list);
  return list;
}

function checked(frame: string, box: Box): Box {
  if (box.length === 4 && box.every(Number.isFinite)) return box;
  throw new RangeError(`frame mAP: a box in frame ${frame} is [${box.join(', ')}], not four finite numbers`);
}
