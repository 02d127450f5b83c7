import { createReferenceEngine } from '@umt/conformance';
import { setEngine, type Engine } from '@umt/tensor';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  arraySource,
  Block,
  initialize,
  LayerNorm,
  Linear,
  loadParameters,
  Module,
  normal,
  ParameterMismatchError,
  renamedSource,
  stateDict,
  type NamedArray,
} from '../src/index.ts';

let engine: Engine;
beforeEach(() => setEngine((engine = createReferenceEngine())));

class Model extends Module {
  readonly blocks = [new Block({ width: 4, heads: 2 }), new Block({ width: 4, heads: 2 })];
  readonly norm = new LayerNorm(4, 1e-6);
  readonly head = new Linear(4, 3, { bias: false });
  readonly depth = 2;
}

describe('parameters', () => {
  it('are named by the fields that lead to them, in declaration order', () => {
    const names = [...new Model().parameters().keys()];
    expect(names).toHaveLength(2 * 13 + 3);
    expect(names.slice(0, 13)).toEqual([
      'blocks.0.norm1.weight',
      'blocks.0.norm1.bias',
      'blocks.0.attn.q_bias',
      'blocks.0.attn.v_bias',
      'blocks.0.attn.qkv.weight',
      'blocks.0.attn.proj.weight',
      'blocks.0.attn.proj.bias',
      'blocks.0.norm2.weight',
      'blocks.0.norm2.bias',
      'blocks.0.mlp.fc1.weight',
      'blocks.0.mlp.fc1.bias',
      'blocks.0.mlp.fc2.weight',
      'blocks.0.mlp.fc2.bias',
    ]);
    expect(names.slice(-3)).toEqual(['norm.weight', 'norm.bias', 'head.weight']);
  });

  it('leave nothing on the device when the module is disposed', () => {
    const model = new Model();
    expect(engine.memory().tensors).toBe(29);
    model.dispose();
    expect(engine.memory().tensors).toBe(0);
  });

  it('survive reading and loading', async () => {
    const [source, target] = [new Model(), new Model()];
    initialize(source, 1, () => normal(1));
    const report = await loadParameters(target, arraySource(await stateDict(source)));
    expect(report).toEqual({ missing: [], unexpected: [], misshapen: [] });
    expect(await stateDict(target)).toEqual(await stateDict(source));
    expect(engine.memory().tensors).toBe(2 * 29);
  });
});

describe('loading what does not fit', () => {
  const faulty = async (): Promise<Map<string, NamedArray>> => {
    const arrays = new Map(await stateDict(new Model()));
    arrays.delete('norm.bias');
    arrays.set('norm.weight', { shape: [4], data: Float32Array.of(5, 6, 7, 8) });
    arrays.set('head.weight', { shape: [4, 3], data: new Float32Array(12) });
    arrays.set('fc_norm.weight', { shape: [4], data: new Float32Array(4) });
    return arrays;
  };

  it('names everything missing, unexpected and of another shape, and changes nothing', async () => {
    const model = new Model();
    const before = await stateDict(model);
    const error: unknown = await loadParameters(model, arraySource(await faulty())).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ParameterMismatchError);
    expect((error as ParameterMismatchError).report).toEqual({
      missing: ['norm.bias'],
      unexpected: ['fc_norm.weight'],
      misshapen: [{ name: 'head.weight', expected: [3, 4], found: [4, 3] }],
    });
    expect((error as ParameterMismatchError).message).toBe(
      "parameters do not fit the model: 1 missing (norm.bias); 1 unexpected (fc_norm.weight); 1 of another shape (head.weight is [4, 3] where the model has [3, 4]); check the model's size",
    );
    expect(await stateDict(model)).toEqual(before);
  });

  it('loads what fits when not strict, and reports the rest', async () => {
    const model = new Model();
    const report = await loadParameters(model, arraySource(await faulty()), { strict: false });
    expect(report.missing).toEqual(['norm.bias']);
    const state = await stateDict(model);
    expect(state.get('norm.weight')?.data).toEqual(Float32Array.of(5, 6, 7, 8));
    expect(state.get('norm.bias')?.data).toEqual(new Float32Array(4));
  });

  it('says which parameter got the wrong number of elements', async () => {
    const arrays = new Map(await stateDict(new Model()));
    arrays.set('norm.bias', { shape: [4], data: new Float32Array(3) });
    await expect(loadParameters(new Model(), arraySource(arrays))).rejects.toThrow(
      /norm\.bias \[4\]: the source gave 3 elements/,
    );
  });
});

describe('a renamed source', () => {
  const arrays = new Map(
    ['a.x', 'a.y', 'b'].map((name, index) => [name, { shape: [1], data: Float32Array.of(index) }]),
  );

  it('has the same arrays under other names, without those that are given none', () => {
    const source = renamedSource(arraySource(arrays), (name) => (name === 'b' ? null : name.slice(2)));
    expect([...source.shapes]).toEqual([
      ['x', [1]],
      ['y', [1]],
    ]);
    expect(source.read('y')).toEqual(Float32Array.of(1));
    expect(() => source.read('b')).toThrow(/no array named 'b'/);
  });

  it('refuses one name for two arrays', () => {
    expect(() => renamedSource(arraySource(arrays), (name) => name.slice(0, 1))).toThrow(
      /'a\.x' and 'a\.y' both stand for parameter 'a'/,
    );
  });
});
