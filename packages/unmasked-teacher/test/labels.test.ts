import { describe, expect, test } from 'vitest';
import { parseLabels } from '../src/inference/labels.ts';

describe('labels', () => {
  test.each([
    ['lines', 'left\r\nturn right \nup\n\n'],
    ['a JSON list', '["left", "turn right", "up"]'],
    ['numbers to names', '{"0": "left", "2": "up", "1": "turn right"}'],
    ['names to numbers', ' {"up": 2, "left": 0, "turn right": 1}'],
  ])('from %s', (_, text) => {
    expect(parseLabels(text, 'labels')).toEqual(['left', 'turn right', 'up']);
  });

  test.each([
    ['', 'my.txt: it holds no labels'],
    ['{}', 'my.txt: it holds no labels'],
    ['a\n\nb', 'my.txt: line 2 is empty: the label of class 1'],
    ['["a", 1]', 'my.txt: a list of labels holds text alone'],
    ['["a"', 'my.txt: not valid JSON'],
    ['{"0": "a", "3": "b"}', 'my.txt: labels are {"0": "name"} or {"name": 0}, numbered from 0, not {"3":"b"}'],
    ['{"a": 0, "b": 0}', 'my.txt: two labels have the number 0'],
    ['{"a": "b"}', 'numbered from 0, not {"a":"b"}'],
  ])('%j is answered in one line', (text, message) => {
    expect(() => parseLabels(text, 'my.txt')).toThrow(message);
  });
});
