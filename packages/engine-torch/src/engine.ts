import {
  sizeOf,
  type Capabilities,
  type CompositeKernels,
  type DType,
  type Engine,
  type EngineMemory,
  type Handle,
  type JoinedCollective,
  type Membership,
  type PrimitiveAttributes,
  type PrimitiveName,
  type Shape,
  type TypedArray,
} from '@umt/tensor';
import { torchComposites } from './composites/index.ts';
import { kernels, TAKE_CONSTANTS } from './primitives/index.ts';
import type { Kernel } from './primitives/kernel.ts';
import { codeFor, type Torch } from './torch/torch.ts';

/** What the engine says of itself, found out when it was started. */
export interface TorchCapabilities extends Capabilities {
  /** torch's version. */
  readonly torchVersion: string;
}

/** Joins the other processes of a run. */
export type JoinRanks = (engine: Engine, torch: Torch, membership: Membership) => Promise<JoinedCollective>;

/** The engine over one device of libtorch. */
export class TorchEngine implements Engine {
  readonly name = 'torch';
  readonly capabilities: TorchCapabilities;
  readonly composites: CompositeKernels;
  readonly #torch: Torch;
  readonly #joinRanks: JoinRanks;

  constructor(torch: Torch, capabilities: TorchCapabilities, joinRanks: JoinRanks) {
    this.#torch = torch;
    this.#joinRanks = joinRanks;
    this.capabilities = capabilities;
    this.composites = torchComposites(torch);
  }

  upload(data: TypedArray, shape: Shape, dtype: DType): Handle {
    if (data.length !== sizeOf(shape)) {
      throw new Error(`torch: ${data.length} elements do not fill [${shape.join(', ')}]`);
    }
    this.#expectDType(dtype);
    const [handle] = this.#torch.step(() => [this.#torch.upload(data, shape, codeFor(dtype))]);
    if (!handle) throw new Error('torch: nothing was uploaded');
    return handle;
  }

  async read(handle: Handle): Promise<TypedArray> {
    const owned = this.#torch.own(handle);
    return this.#torch.read(owned);
  }

  free(handle: Handle): void {
    this.#torch.free(handle);
  }

  run<P extends PrimitiveName>(
    primitive: P,
    inputs: readonly Handle[],
    attributes: PrimitiveAttributes[P],
  ): readonly Handle[] {
    const kernel = kernels[primitive] as Kernel<P>;
    const torch = this.#torch;
    if ('dtype' in attributes) this.#expectDType(attributes.dtype as DType);
    return torch
      .step(() => {
        const owned = inputs.map((handle) =>
          TAKE_CONSTANTS.has(primitive) ? torch.ownAny(handle) : torch.own(handle),
        );
        return kernel(torch, owned, attributes);
      })
      .flatMap((handle) => handle ?? []);
  }

  memory(): EngineMemory {
    return this.#torch.memory();
  }

  async joinCollective(membership: Membership): Promise<JoinedCollective> {
    return this.#joinRanks(this, this.#torch, membership);
  }

  dispose(): void {
    this.#torch.dispose();
  }

  #expectDType(dtype: DType): void {
    const { precisions } = this.capabilities;
    if (dtype === 'int32' || dtype === 'bool' || precisions.includes(dtype)) return;
    throw new Error(`torch: no ${dtype} tensors on this device, only ${precisions.join(', ')}, int32 and bool`);
  }
}
