import { BOMBS } from './bombs.ts';
import { testBombs } from './test-bombs.ts';

testBombs(Object.keys(BOMBS));
