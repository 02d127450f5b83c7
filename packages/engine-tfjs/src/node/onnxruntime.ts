import { availableParallelism } from 'node:os';
import { OnnxRuntimeError } from '../errors.ts';
import type { OnnxRuntime, OnnxTensor, OnnxTensors } from '../onnx/runtime.ts';

/**
 * The release whose private binding this file was written against. onnxruntime-node's public `run` is asynchronous;
 * the binding below it is synchronous and takes preallocated outputs, which is what an eager engine needs.
 */
export const EXPECTED_VERSION = '1.30.0';

const INSTALL = `npm install onnxruntime-node@${EXPECTED_VERSION}`;

/** The part of onnxruntime-node/dist/binding.js that is used. */
interface Binding {
  readonly InferenceSession: new () => NativeSession;
}

interface NativeSession {
  loadModel(buffer: ArrayBuffer, offset: number, length: number, options: object): void;
  run(feeds: OnnxTensors, fetches: OnnxTensors, options: object): unknown;
  dispose(): void;
}

type TensorConstructor = new (
  type: string,
  data: Float32Array | Uint8Array,
  dimensions: readonly number[],
) => OnnxTensor;

/** The modules onnxruntime-node consists of, as imported. */
export interface OnnxRuntimeModules {
  readonly binding: unknown;
  readonly main: unknown;
}

/**
 * Loads onnxruntime-node's native library for synchronous, in-place runs.
 * Throws OnnxRuntimeError: 'missing' when the package is not installed, 'unusable' when its insides have changed.
 */
export async function loadOnnxRuntime(
  threads: number = availableParallelism(),
  importModules: () => Promise<OnnxRuntimeModules> = importOnnxRuntime,
): Promise<OnnxRuntime> {
  const { binding, main } = await importOrExplain(importModules);
  const { Tensor, version } = publicPart(main);
  const { InferenceSession } = privatePart(binding);
  const options = sessionOptions(threads);
  return {
    version,
    threads,
    session: (model) => {
      const session = new InferenceSession();
      session.loadModel(model.buffer, model.byteOffset, model.byteLength, options);
      return { run: (feeds, fetches) => void session.run(feeds, fetches, {}), dispose: () => session.dispose() };
    },
    float32: (data, shape) => new Tensor('float32', data, shape),
    bool: (data, shape) => new Tensor('bool', data, shape),
  };
}

/** Spinning is off: many small sessions spinning beside each other and beside JavaScript cost more than they save. */
function sessionOptions(threads: number): object {
  return {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: 'all',
    enableCpuMemArena: true,
    executionProviders: ['cpu'],
    extra: { session: { intra_op: { allow_spinning: '0' } } },
  };
}

async function importOnnxRuntime(): Promise<OnnxRuntimeModules> {
  const main: unknown = await import('onnxruntime-node');
  const binding: unknown = await import('onnxruntime-node/dist/binding.js');
  return { main, binding };
}

async function importOrExplain(importModules: () => Promise<OnnxRuntimeModules>): Promise<OnnxRuntimeModules> {
  try {
    return await importModules();
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    const isMissing = /Cannot find (package|module) 'onnxruntime-node'/.test(message);
    throw isMissing
      ? new OnnxRuntimeError('missing', `onnxruntime-node is not installed; run: ${INSTALL}`, { cause })
      : new OnnxRuntimeError(
          'unusable',
          `onnxruntime-node does not load on ${process.platform}-${process.arch}: ${message.split('\n')[0]}`,
          { cause },
        );
  }
}

function publicPart(main: unknown): { readonly Tensor: TensorConstructor; readonly version: string } {
  const exported = unwrap(main);
  const { Tensor, env } = exported;
  if (typeof Tensor !== 'function') throw changed('it exports no Tensor', undefined);
  const version = isRecord(env) && isRecord(env['versions']) ? env['versions']['node'] : undefined;
  return { Tensor: Tensor as TensorConstructor, version: typeof version === 'string' ? version : 'unknown' };
}

function privatePart(module: unknown): Binding {
  const { binding, initOrt } = unwrap(module);
  if (typeof initOrt !== 'function') throw changed('dist/binding.js exports no initOrt', undefined);
  try {
    initOrt();
  } catch (cause) {
    throw changed('initOrt fails', cause);
  }
  const InferenceSession = isRecord(binding) ? binding['InferenceSession'] : undefined;
  const methods: unknown = typeof InferenceSession === 'function' ? InferenceSession.prototype : undefined;
  for (const method of ['loadModel', 'run', 'dispose']) {
    if (!isRecord(methods) || typeof methods[method] !== 'function') {
      throw changed(`its native session has no ${method}`, undefined);
    }
  }
  return { InferenceSession: InferenceSession as Binding['InferenceSession'] };
}

function changed(what: string, cause: unknown): OnnxRuntimeError {
  return new OnnxRuntimeError(
    'unusable',
    `this onnxruntime-node is not the one this engine knows (${what}); run: ${INSTALL}`,
    { cause },
  );
}

/** CommonJS modules arrive under `default` in some loaders. */
function unwrap(module: unknown): Readonly<Record<string, unknown>> {
  if (!isRecord(module)) return {};
  const inner = module['default'];
  return isRecord(inner) ? { ...inner, ...module } : module;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return (typeof value === 'object' || typeof value === 'function') && value !== null;
}
