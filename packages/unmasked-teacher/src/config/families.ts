import { finetuneRecipes } from '../recipes/finetune/index.ts';
import { pretrainRecipes } from '../recipes/index.ts';
import type { ConfigFamily } from './config-family.ts';
import { finetuneSchema, parseFinetuneConfig, type FinetuneConfig } from './finetune-config.ts';
import { parsePretrainConfig, pretrainSchema, type PretrainConfig } from './pretrain-config.ts';

const OFTEN_SET = {
  'schedule.maxSteps': 'steps',
  'schedule.epochs': 'epochs',
  'batch.size': 'batch-size',
  'optimizer.learningRate': 'learning-rate',
};

/** Configurations of `umt pretrain`. */
export const pretrainFamily: ConfigFamily<PretrainConfig> = {
  schema: pretrainSchema,
  recipes: pretrainRecipes,
  parse: parsePretrainConfig,
  shortFlags: { 'data.path': 'data', 'teacher.weights': 'teacher', ...OFTEN_SET },
};

/** Configurations of `umt finetune`. */
export const finetuneFamily: ConfigFamily<FinetuneConfig> = {
  schema: finetuneSchema,
  recipes: finetuneRecipes,
  parse: parseFinetuneConfig,
  shortFlags: {
    'data.path': 'data',
    'data.validation': 'validation',
    'from.weights': 'weights',
    'data.classes': 'classes',
    ...OFTEN_SET,
  },
};
