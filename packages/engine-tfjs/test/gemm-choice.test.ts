import { execFileSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { describe, expect, test, vi } from 'vitest';
import { createWasmEngine, OnnxRuntimeError } from '@umt/engine-tfjs';
import { createWasmEngine as createInBrowser } from '../src/index.ts';
import { EXPECTED_VERSION, loadOnnxRuntime } from '../src/node/onnxruntime.ts';
import type { OnnxRuntime, OnnxRuntimeLoader } from '../src/onnx/runtime.ts';
import { createWasmEngineWith } from '../src/wasm/create.ts';

const missing: OnnxRuntimeLoader = () =>
  loadOnnxRuntime(1, () => Promise.reject(new Error("Cannot find package 'onnxruntime-node' imported from here")));

/** onnxruntime with one thing changed about its sessions. */
function altered(
  change: (session: ReturnType<OnnxRuntime['session']>) => ReturnType<OnnxRuntime['session']>,
): OnnxRuntimeLoader {
  return async () => {
    const runtime = await loadOnnxRuntime(1);
    return { ...runtime, session: (model) => change(runtime.session(model)) };
  };
}

/** Is off in one element. */
const wrong = altered((session) => ({
  ...session,
  run: (feeds, fetches) => {
    session.run(feeds, fetches);
    const { data } = fetches['y'] as { readonly data: Float32Array };
    data[data.length - 1] = (data.at(-1) ?? 0) + 0.01;
  },
}));
/** Computes into memory of its own, as the public asynchronous API may. */
const elsewhere = altered((session) => ({ ...session, run: () => undefined }));

describe("gemm: 'auto'", () => {
  test('takes onnxruntime-node where it is installed, and says so', async () => {
    const onWarning = vi.fn();
    const engine = await createWasmEngine({ threads: 2, onWarning });
    expect(engine.capabilities.deviceName).toBe(`wasm (SIMD), onnxruntime-node ${EXPECTED_VERSION} GEMM, 2 threads`);
    expect(engine.capabilities.threads).toBe(2);
    expect(onWarning).not.toHaveBeenCalled();
    engine.dispose();
  });

  test('takes XNNPACK without a word where onnxruntime-node is not installed', async () => {
    const onWarning = vi.fn();
    const engine = await createWasmEngineWith({ onWarning }, missing);
    expect(engine.capabilities.deviceName).toBe('wasm (SIMD), XNNPACK GEMM, 1 thread');
    expect(onWarning).not.toHaveBeenCalled();
    engine.dispose();
  });

  test.each([
    ['gives other products', wrong, /cannot be trusted here: its product \[1, 5, 7\] x \[1, 7, 3\] .* is off by 0\.0/],
    ['leaves the output alone', elsewhere, /off by NaN/],
    [
      'no longer has its private binding',
      () => loadOnnxRuntime(1, async () => ({ main: await import('onnxruntime-node'), binding: {} })),
      /is not the one this engine knows \(dist\/binding.js exports no initOrt\); run: npm install onnxruntime-node@1\.30\.0/,
    ],
    [
      'has other sessions',
      () =>
        loadOnnxRuntime(1, async () => ({
          main: await import('onnxruntime-node'),
          binding: { initOrt: () => undefined, binding: { InferenceSession: class {} } },
        })),
      /native session has no loadModel/,
    ],
    [
      'does not load',
      () => loadOnnxRuntime(1, () => Promise.reject(new Error('libstdc++.so.6: version not found'))),
      /does not load on .*: libstdc/,
    ],
  ] satisfies [string, OnnxRuntimeLoader, RegExp][])(
    'warns and takes XNNPACK when the installed one %s',
    async (_, loader, message) => {
      const onWarning = vi.fn();
      const engine = await createWasmEngineWith({ onWarning }, loader);
      expect(engine.capabilities.deviceName).toContain('XNNPACK');
      expect(onWarning).toHaveBeenCalledOnce();
      expect(onWarning.mock.calls[0]?.[0]).toMatch(message);
      engine.dispose();
    },
  );
});

describe("gemm: 'onnxruntime'", () => {
  test('says what to install when it is missing', async () => {
    const failure = createWasmEngineWith({ gemm: 'onnxruntime' }, missing);
    await expect(failure).rejects.toThrow(
      'onnxruntime-node is not installed; run: npm install onnxruntime-node@1.30.0',
    );
    await expect(failure).rejects.toMatchObject({ name: 'OnnxRuntimeError', reason: 'missing' });
  });

  test('is an error where its products are wrong', async () => {
    await expect(createWasmEngineWith({ gemm: 'onnxruntime' }, wrong)).rejects.toThrow(OnnxRuntimeError);
  });

  test('is an error in browsers', async () => {
    await expect(createInBrowser({ gemm: 'onnxruntime' })).rejects.toThrow(/runs in Node only/);
    const engine = await createInBrowser();
    expect(engine.capabilities.deviceName).toContain('XNNPACK');
    engine.dispose();
  });
});

test("Node's own words for a missing package are understood", () => {
  const script = "import('onnxruntime-node').catch((error) => console.log(error.message))";
  const message = execFileSync(process.execPath, ['--input-type=module', '-e', script], {
    cwd: tmpdir(),
    encoding: 'utf8',
  });
  const loader: OnnxRuntimeLoader = () => loadOnnxRuntime(1, () => Promise.reject(new Error(message)));
  return expect(loader(1)).rejects.toMatchObject({ reason: 'missing' });
});

test('threads must be a positive integer', async () => {
  await expect(createWasmEngine({ threads: 0 })).rejects.toThrow(/threads is 0/);
});
