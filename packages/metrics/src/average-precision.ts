/**
 * Area under the precision-recall curve at every change of recall, with precision made non-increasing from the right
 * (PASCAL VOC 2010 and later).
 *
 * @param isHit for each detection of a class, by falling score, whether it found an object
 * @param objects how many objects of the class there are, at least 1
 */
export function averagePrecision(isHit: readonly boolean[], objects: number): number {
  let hits = 0;
  const precisions: number[] = []; // where a detection hits
  for (const [place, hit] of isHit.entries()) {
    if (hit) precisions.push(++hits / (place + 1));
  }
  let area = 0;
  let best = 0;
  for (const precision of precisions.reverse()) {
    best = Math.max(best, precision);
    area += best / objects;
  }
  return area;
}
