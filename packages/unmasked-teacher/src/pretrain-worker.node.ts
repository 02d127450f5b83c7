import { serveRun } from '@umt/trainer';
import { pretrainHere } from './node/pretrain-here.ts';

serveRun(pretrainHere);
