import { describeRandomEdits } from './random-edits.ts';

describeRandomEdits(400);
