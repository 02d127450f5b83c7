import { serveRun } from '@umt/trainer';
import { evaluateHere } from './node/evaluate-here.ts';

serveRun(evaluateHere);
