import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import util from 'node:util';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import * as browser from '../src/index.ts';
import { createTensorFlowEngine, findTensorFlow, TensorFlowUnavailableError } from '../src/index.node.ts';

/** Lays a package that stands where tfjs-node would be; the real one is held to the contract by the conformance suites. */
async function lay(folder: string, name: string, code: string): Promise<void> {
  const place = join(folder, 'node_modules/@tensorflow', name);
  await mkdir(place, { recursive: true });
  await writeFile(
    join(place, 'package.json'),
    JSON.stringify({ name: `@tensorflow/${name}`, version: '4.22.0', main: 'main.js' }),
  );
  await writeFile(join(place, 'main.js'), code);
}

describe('TensorFlow where the user has it', () => {
  let folder: string;

  beforeEach(async () => {
    vi.stubEnv('UMT_TFJS_NODE_DIR', '');
    folder = await mkdtemp(join(tmpdir(), 'umt-tensorflow-'));
  });
  afterEach(async () => {
    vi.unstubAllEnvs();
    await rm(folder, { recursive: true });
  });

  test('is missing by a name of its own, with what to install', async () => {
    expect(findTensorFlow({ folder })).toBeNull();
    const starting = createTensorFlowEngine({ folder });
    await expect(starting).rejects.toBeInstanceOf(TensorFlowUnavailableError);
    await expect(starting).rejects.toMatchObject({ reason: 'missing' });
    await expect(createTensorFlowEngine({ folder, package: 'tfjs-node' })).rejects.toThrow(
      'tensorflow: @tensorflow/tfjs-node not installed; run: npm install @tensorflow/tfjs-node@4.22.0',
    );
  });

  test('is found in a folder, by the environment, and with CUDA first', async () => {
    await lay(folder, 'tfjs-node', '');
    expect(findTensorFlow({ folder })).toEqual({
      package: 'tfjs-node',
      folder: join(folder, 'node_modules/@tensorflow/tfjs-node'),
    });
    expect(findTensorFlow()).toBeNull();
    vi.stubEnv('UMT_TFJS_NODE_DIR', folder);
    expect(findTensorFlow()?.package).toBe('tfjs-node');
    await lay(folder, 'tfjs-node-gpu', '');
    expect(findTensorFlow()?.package).toBe('tfjs-node-gpu');
    expect(findTensorFlow({ package: 'tfjs-node' })?.package).toBe('tfjs-node');
  });

  test('without its native part is an error that says what to do, in one line', async () => {
    const message = 'The Node.js native addon module (tfjs_binding.node) can not be found at path: /x. ';
    await lay(folder, 'tfjs-node', `throw new Error(${JSON.stringify(`${message}\nPlease run command`)});`);
    const error: unknown = await createTensorFlowEngine({ folder }).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ reason: 'unusable' });
    const text = error instanceof Error ? error.message : '';
    expect(text).toContain(message.trim());
    expect(text).toContain('npm rebuild @tensorflow/tfjs-node');
    expect(text).not.toContain('\n');
  });

  test('finds the function that Node 23 took out of util, when it loads', async () => {
    const before = Object.getOwnPropertyDescriptor(util, 'isNullOrUndefined');
    Reflect.deleteProperty(util, 'isNullOrUndefined');
    try {
      const code = `const { isNullOrUndefined: f } = require('util');
        throw new Error([f(null), f(undefined), f(0), f('')].join());`;
      await lay(folder, 'tfjs-node', code);
      await expect(createTensorFlowEngine({ folder })).rejects.toThrow('true,true,false,false');
    } finally {
      if (before) Object.defineProperty(util, 'isNullOrUndefined', before);
    }
  });
});

test('in browsers there is no TensorFlow, and the error says what there is', async () => {
  expect(browser.findTensorFlow()).toBeNull();
  await expect(browser.createTensorFlowEngine()).rejects.toThrow('runs in Node only; choose webgpu or wasm');
});
