import { floatField, integerField, joinBytes, lengthField } from './protobuf.ts';

/** A node's attribute. ONNX tells 1 from 1.0, so the kind is written out. */
export type OnnxAttribute =
  | { readonly kind: 'int'; readonly value: number }
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'ints'; readonly value: readonly number[] };

/** An integer attribute; a boolean is 0 or 1. */
export const int = (value: number | boolean): OnnxAttribute => ({ kind: 'int', value: Number(value) });
/** A float32 attribute. */
export const float = (value: number): OnnxAttribute => ({ kind: 'float', value });
/** A list of integers. */
export const ints = (...value: readonly number[]): OnnxAttribute => ({ kind: 'ints', value });

/** Attributes of one node by name. */
export type OnnxAttributes = Readonly<Record<string, OnnxAttribute>>;

/** TensorProto.DataType numbers of the types we pass. */
const ELEMENT_TYPES = { float32: 1, int64: 7, bool: 9 } as const;
const ATTRIBUTE_TYPES = { float: 1, int: 2, ints: 7 } as const;
const IR_VERSION = 8;
const OPSET = 17;
const MICROSOFT = 'com.microsoft';

interface Value {
  name: string;
}

/** A value in a graph: an input, a constant or what a node gives. */
export type OnnxValue = Readonly<Value>;

interface Node {
  readonly type: string;
  readonly domain: string;
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  readonly attributes: OnnxAttributes;
}

/**
 * Writes a small ONNX model: nodes are added in order, every dimension is free, only ranks are fixed.
 * `microsoft` nodes are onnxruntime's own operators (FusedMatMul, Gelu, MultiHeadAttention).
 */
export class OnnxGraph {
  #nodes: Node[] = [];
  #constants: Uint8Array[] = [];
  #inputs: Uint8Array[] = [];
  #outputs: Uint8Array[] = [];
  #count = 0;

  /** An input of the model, of the given rank; every length is free. */
  input(name: string, rank: number, type: 'float32' | 'bool' = 'float32'): OnnxValue {
    this.#inputs.push(lengthField(11, valueInfo(name, rank, ELEMENT_TYPES[type])));
    return { name };
  }

  /** Names `value`, which must come from a node, as an output of the model. */
  output(name: string, rank: number, value: OnnxValue): void {
    (value as Value).name = name;
    this.#outputs.push(lengthField(12, valueInfo(name, rank, ELEMENT_TYPES.float32)));
  }

  /** The first output of a node of ONNX's own operator set. */
  node(type: string, inputs: readonly OnnxValue[], attributes: OnnxAttributes = {}): OnnxValue {
    return this.#add(type, '', inputs, attributes);
  }

  /** The first output of a node of onnxruntime's contributed operators. */
  microsoft(type: string, inputs: readonly OnnxValue[], attributes: OnnxAttributes = {}): OnnxValue {
    return this.#add(type, MICROSOFT, inputs, attributes);
  }

  /** A float32 scalar. */
  scalar(value: number): OnnxValue {
    const bytes = new Uint8Array(Float32Array.of(value).buffer);
    return this.#constant([], ELEMENT_TYPES.float32, bytes);
  }

  /** A list of int64, as shapes and axes are given. */
  integers(...values: readonly number[]): OnnxValue {
    const bytes = new Uint8Array(BigInt64Array.from(values, (value) => BigInt(value)).buffer);
    return this.#constant([values.length], ELEMENT_TYPES.int64, bytes);
  }

  /** The model file. */
  model(): Uint8Array<ArrayBuffer> {
    const nodes = this.#nodes.map((node) => lengthField(1, encodeNode(node)));
    const graph = [...nodes, lengthField(2, 'graph'), ...this.#constants, ...this.#inputs, ...this.#outputs];
    return joinBytes([
      integerField(1, IR_VERSION),
      lengthField(8, integerField(2, OPSET)),
      lengthField(8, lengthField(1, MICROSOFT), integerField(2, 1)),
      lengthField(7, ...graph),
    ]);
  }

  #add(type: string, domain: string, inputs: readonly OnnxValue[], attributes: OnnxAttributes): OnnxValue {
    const output: OnnxValue = { name: `t${this.#count++}` };
    this.#nodes.push({ type, domain, inputs, outputs: [output], attributes });
    return output;
  }

  #constant(dimensions: readonly number[], type: number, bytes: Uint8Array): OnnxValue {
    const name = `c${this.#count++}`;
    const shape = dimensions.map((length) => integerField(1, length));
    this.#constants.push(lengthField(5, ...shape, integerField(2, type), lengthField(8, name), lengthField(9, bytes)));
    return { name };
  }
}

function valueInfo(name: string, rank: number, elementType: number): Uint8Array {
  const dimensions = Array.from({ length: rank }, (_, axis) => lengthField(1, lengthField(2, `${name}${axis}`)));
  const tensorType = lengthField(1, integerField(1, elementType), lengthField(2, ...dimensions));
  return joinBytes([lengthField(1, name), lengthField(2, tensorType)]);
}

function encodeNode({ type, domain, inputs, outputs, attributes }: Node): Uint8Array {
  return joinBytes([
    ...inputs.map(({ name }) => lengthField(1, name)),
    ...outputs.map(({ name }) => lengthField(2, name)),
    lengthField(4, type),
    ...Object.entries(attributes).map(([name, attribute]) => lengthField(5, encodeAttribute(name, attribute))),
    lengthField(7, domain),
  ]);
}

function encodeAttribute(name: string, attribute: OnnxAttribute): Uint8Array {
  const values =
    attribute.kind === 'float'
      ? [floatField(2, attribute.value)]
      : attribute.kind === 'int'
        ? [integerField(3, attribute.value)]
        : attribute.value.map((value) => integerField(8, value));
  return joinBytes([lengthField(1, name), ...values, integerField(20, ATTRIBUTE_TYPES[attribute.kind])]);
}
