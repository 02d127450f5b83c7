/** A small frame mAP problem and its results, measured on AVA's evaluation program. Boxes are [y1, x1, y2, x2]. */
export const FRAME_MAP = {
  classes: [1, 3, 4],
  groundTruth: {
    'v,0902': {
      boxes: [
        [0.1, 0.1, 0.5, 0.5],
        [0.1, 0.1, 0.5, 0.5],
        [0.5, 0.5, 0.9, 0.9],
      ],
      classes: [1, 3, 1],
    },
    'v,0903': { boxes: [[0.2, 0.2, 0.8, 0.8]], classes: [1] },
    'v,0904': { boxes: [[0, 0, 0.3, 0.3]], classes: [3] },
  },
  detections: {
    'v,0902': {
      boxes: [
        [0.1, 0.1, 0.5, 0.52],
        [0.5, 0.45, 0.9, 0.9],
        [0.1, 0.1, 0.5, 0.5],
        [0.1, 0.1, 0.5, 0.52],
        [0.5, 0.45, 0.9, 0.9],
      ],
      classes: [1, 1, 1, 3, 3],
      scores: [0.9, 0.6, 0.5, 0.3, 0.8],
    },
    'v,0903': {
      boxes: [
        [0.2, 0.2, 0.5, 0.5],
        [0.2, 0.25, 0.8, 0.8],
      ],
      classes: [1, 1],
      scores: [0.7, 0.4],
    },
    'v,0905': { boxes: [[0.2, 0.2, 0.5, 0.5]], classes: [3], scores: [0.95] },
  },
  meanAveragePrecision: 0.4611111111111111,
  averagePrecision: { 1: 0.7555555555555555, 3: 0.16666666666666666, 4: null },
} as const;
