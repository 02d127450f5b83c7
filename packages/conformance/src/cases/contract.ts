import type { PrimitiveAttributes, PrimitiveName } from '@umt/tensor';
import type { HostTensor } from '../host-tensor.ts';

/** One call of a primitive. */
export interface PrimitiveCase<P extends PrimitiveName> {
  readonly inputs: readonly HostTensor[];
  readonly attributes: PrimitiveAttributes[P];
}

/** Calls by primitive. */
export type PrimitiveCases<P extends PrimitiveName> = { readonly [Q in P]: readonly PrimitiveCase<Q>[] };

/** A call in words: its shapes, dtypes and attributes. */
export function describeCase(inputs: readonly HostTensor[], attributes: object): string {
  const shapes = inputs.map(({ shape, dtype }) => `${dtype === 'float32' ? '' : `${dtype} `}[${shape.join(', ')}]`);
  const settings = Object.entries(attributes).map(([key, value]) => `${key} ${JSON.stringify(value)}`);
  const listed = shapes.length > 4 ? [...shapes.slice(0, 2), `.. ${shapes.length} in all`] : shapes;
  return [listed.join(' and '), ...settings].filter((part) => part !== '').join(', ');
}
