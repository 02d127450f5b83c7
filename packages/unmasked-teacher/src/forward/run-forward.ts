import type { NamedArray, ParameterSource } from '@umt/nn';
import { dispose, read, scope, valueAndGrad, type Tensor } from '@umt/tensor';
import { ConfigError } from '../config/config-error.ts';
import { clipVisionModel } from './clip-vision.ts';
import type { ForwardModel, ForwardPass } from './forward-model.ts';
import { ForwardInputError, type ForwardInputs } from './inputs.ts';
import { parseModelSpec, type ModelSpec } from './model-spec.ts';
import { umtPretrainModel } from './umt-pretrain.ts';
import { videoClassifierModel } from './video-classifier.ts';
import { videoMaePretrainModel } from './videomae-pretrain.ts';

/** A model, its weights and what to run it on. */
export interface ForwardRequest {
  /** `{ type, config }` in the reference's words; see `parseModelSpec`. */
  readonly spec: unknown;
  /** Where `spec` came from, for messages. */
  readonly specName?: string;
  readonly weights: ParameterSource;
  readonly inputs: ForwardInputs;
  /** Adds the gradient of the model's loss by every parameter. Default false. */
  readonly gradients?: boolean;
}

/** What a forward pass gave. */
export interface ForwardResult {
  readonly spec: ModelSpec;
  /**
   * By name, row-major: `output`; of `clip-vision` also `attention`; with a target `loss.*`; with gradients
   * `grad.<parameter>` of every parameter in its official shape.
   */
  readonly tensors: ReadonlyMap<string, NamedArray>;
}

/**
 * Runs a model as it is evaluated (nothing is dropped at random) on given tensors, on the ambient engine, and returns every
 * output by name: the way to check this implementation against another one with the same weights and inputs.
 *
 * @throws ConfigError when the description is wrong, ForwardInputError when inputs do not fit it, and errors of @umt/nn,
 *   @umt/vit and @umt/clip when the weights do not
 */
export async function runForward(request: ForwardRequest): Promise<ForwardResult> {
  const { weights, inputs, gradients = false } = request;
  const spec = parseModelSpec(request.spec, weights, request.specName);
  const model = await buildModel(spec, weights).catch((error: unknown) => {
    if (!(error instanceof RangeError)) throw error;
    throw new ConfigError(`${request.specName === undefined ? '' : `${request.specName}: `}${error.message}`, [
      'config',
    ]);
  });
  try {
    const found = scope(() => (gradients ? passWithGradients(model, inputs) : byName(model.run(inputs))));
    try {
      return { spec, tensors: await readAll(found) };
    } finally {
      dispose(found);
    }
  } finally {
    model.module.dispose();
  }
}

function buildModel(spec: ModelSpec, weights: ParameterSource): Promise<ForwardModel> {
  switch (spec.type) {
    case 'umt-pretrain':
      return umtPretrainModel(spec.config, weights);
    case 'clip-vision':
      return clipVisionModel(spec.config, weights);
    case 'video-classifier':
      return videoClassifierModel(spec.config, weights);
    case 'videomae-pretrain':
      return videoMaePretrainModel(spec.config, weights);
  }
}

function byName({ outputs, losses }: ForwardPass): ReadonlyMap<string, Tensor> {
  return new Map([...Object.entries(outputs), ...Object.entries(losses)]);
}

function passWithGradients(model: ForwardModel, inputs: ForwardInputs): ReadonlyMap<string, Tensor> {
  const parameters = [...model.module.parameters()];
  const { value, gradients } = valueAndGrad(
    () => {
      const said = model.run(inputs);
      const [loss] = Object.values(said.losses);
      if (!loss) throw new ForwardInputError('target: gradients need one, of which the loss is');
      return { named: byName(said), loss };
    },
    parameters.map(([, parameter]) => parameter),
  );
  const named = gradients.map((gradient, index) => [`grad.${parameters[index]?.[0]}`, gradient] as const);
  return new Map([...value.named, ...named]);
}

async function readAll(tensors: ReadonlyMap<string, Tensor>): Promise<ReadonlyMap<string, NamedArray>> {
  const arrays = new Map<string, NamedArray>();
  for (const [name, value] of tensors) {
    const data = await read(value);
    arrays.set(name, { shape: value.shape, data: data instanceof Float32Array ? data : Float32Array.from(data) });
  }
  return arrays;
}
