import { serveRun } from '@umt/trainer';
import { finetuneHere } from './node/finetune-here.ts';

serveRun(finetuneHere);
