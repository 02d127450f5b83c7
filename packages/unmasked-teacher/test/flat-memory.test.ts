import { test } from 'vitest';
import { expectFlatMemory } from './flat-memory.ts';

// A slice of flat-memory.soak.ts.
test('over two hundred stage-1 steps the number of tensors and the heap stay as they are', () =>
  expectFlatMemory(200, [50, 100, 199]));
