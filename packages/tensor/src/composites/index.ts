import { geluDefinition, quickGeluDefinition } from './activations.ts';
import { attentionDefinition } from './attention.ts';
import type { CompositeAttributes, CompositeName } from './contract.ts';
import type { CompositeDefinition } from './definition.ts';
import { l2NormalizeDefinition } from './l2-normalize.ts';
import { layerNormDefinition } from './layer-norm.ts';
import { linearDefinition } from './linear.ts';
import { selectTokensDefinition } from './select-tokens.ts';
import { softmaxCrossEntropyDefinition } from './softmax-cross-entropy.ts';

/** The definition of every composite in primitives: what engines are checked against. */
export const compositeDefinitions: { readonly [C in CompositeName]: CompositeDefinition<CompositeAttributes[C]> } = {
  linear: linearDefinition,
  layerNorm: layerNormDefinition,
  gelu: geluDefinition,
  quickGelu: quickGeluDefinition,
  attention: attentionDefinition,
  selectTokens: selectTokensDefinition,
  l2Normalize: l2NormalizeDefinition,
  softmaxCrossEntropy: softmaxCrossEntropyDefinition,
};
