import { test } from 'vitest';
import { expectFlatMemory } from './flat-memory.ts';

test('over a thousand stage-1 steps the number of tensors and the heap stay as they are', () =>
  expectFlatMemory(1000, [100, 500, 999]));
