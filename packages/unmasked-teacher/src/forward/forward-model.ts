import { alignmentLoss } from '@umt/losses';
import type { Module } from '@umt/nn';
import type { Tensor } from '@umt/tensor';
import type { ForwardInputs } from './inputs.ts';

/** What a model says of inputs. */
export interface ForwardPass {
  readonly outputs: Readonly<Record<string, Tensor>>;
  /** Scalars; gradients are of the first. None where there is nothing to compare with. */
  readonly losses: Readonly<Record<string, Tensor>>;
}

/** A model with its weights, ready to be run on tensors in the reference's layouts. */
export interface ForwardModel {
  readonly module: Module;
  /** Runs in the caller's scope and records gradients. @throws ForwardInputError when the inputs do not fit the model */
  run(inputs: ForwardInputs): ForwardPass;
}

/** UMT's three losses of what a model says and what it should, under the names of the output. */
export function alignmentLosses(output: Tensor, target: Tensor): ForwardPass['losses'] {
  return {
    'loss.l2': alignmentLoss(output, target, 'l2'),
    'loss.mse': alignmentLoss(output, target, 'mse'),
    'loss.smooth_l1': alignmentLoss(output, target, 'smooth_l1'),
  };
}

/** Loads a new module's weights; where that fails, the module is disposed. */
export async function loaded<Model extends Module>(
  module: Model,
  load: (module: Model) => Promise<unknown>,
): Promise<Model> {
  try {
    await load(module);
    return module;
  } catch (error) {
    module.dispose();
    throw error;
  }
}
