import { testBombs } from './test-bombs.ts';

// One of each kind; the soak tier has all.
testBombs([
  'a million lists in one another',
  'lists in one another up to the limit',
  'tuples of a quarter of a million, kept',
  'two million remembered values',
  'a string of 15 MB',
  'two to the 60th names of one tensor',
  'a legacy file of a million lists',
  'an expanded tensor of a terabyte',
  'a header of 8 MB of empty objects',
  'a header of 20 000 tensors',
]);
