import type { TorchHandle } from './handle.ts';

/** Handles that live longer than so many later ones are watched; most are freed before and cost nothing. */
const YOUNG = 64;

/** Finds out when a handle was lost without being freed, so that its memory can be given back. */
export class LeakWatch {
  readonly #registry: FinalizationRegistry<number>;
  readonly #young: (TorchHandle | undefined)[] = new Array<TorchHandle | undefined>(YOUNG).fill(undefined);
  #next = 0;

  /** `lost` is told the slot of every handle that was collected. */
  constructor(lost: (slot: number) => void) {
    this.#registry = new FinalizationRegistry(lost);
  }

  /** Begins with a new handle. */
  add(handle: TorchHandle): void {
    const old = this.#young[this.#next];
    this.#young[this.#next] = handle;
    this.#next = (this.#next + 1) % YOUNG;
    if (old && !old.isFreed) this.#watch(old);
  }

  /** Ends with a handle that was freed. */
  remove(handle: TorchHandle): void {
    if (handle.isWatched) this.#registry.unregister(handle);
  }

  /** To be called when a handle's slot changed. */
  update(handle: TorchHandle): void {
    if (!handle.isWatched) return;
    this.#registry.unregister(handle);
    this.#watch(handle);
  }

  /** Holds and watches nothing more. */
  clear(): void {
    this.#young.fill(undefined);
  }

  #watch(handle: TorchHandle): void {
    handle.isWatched = true;
    this.#registry.register(handle, handle.slot, handle);
  }
}
