import { describe, expect, it } from 'vitest';
import { isRequired } from '../src/index.ts';

describe('UMT_REQUIRE_ENGINES', () => {
  it('asks for every engine when it is 1, for none when it is empty', () => {
    expect(isRequired('wasm+xnnpack', '1')).toBe(true);
    expect(isRequired('wasm+xnnpack', '')).toBe(false);
  });

  it('names engines one by one, or a family by the part before the plus', () => {
    expect(isRequired('wasm+xnnpack', 'cpu, wasm+xnnpack')).toBe(true);
    expect(isRequired('wasm+onnxruntime', 'cpu,wasm+xnnpack')).toBe(false);
    expect(isRequired('wasm+onnxruntime', 'wasm')).toBe(true);
    expect(isRequired('webgpu', 'web')).toBe(false);
  });
});
