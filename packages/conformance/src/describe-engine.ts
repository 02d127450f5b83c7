import { setEngine, type Engine } from '@umt/tensor';
import { afterAll, afterEach, describe, it } from 'vitest';
import { describeComposites } from './suites/composites.ts';
import { describeGradients } from './suites/gradients.ts';
import { describeLifetimes } from './suites/lifetimes.ts';
import { describeOptimizer } from './suites/optimizer.ts';
import { describePrimitives } from './suites/primitives.ts';
import { describeRandomShapes } from './suites/random-shapes.ts';
import { describeSpecialValues } from './suites/special-values.ts';
import { describeTraining } from './suites/training.ts';

/** An engine that is being held to the contract. */
export interface EngineUnderTest {
  readonly engine: Engine;
  /** How far elements may differ from the float64 reference, relative to the largest of 1, the element and its tensor. */
  readonly tolerance: number;
}

/** How an engine is tested. */
export interface EngineTestOptions {
  /** Default 1e-5: float32 with sums of up to a few hundred terms. */
  readonly tolerance?: number;
}

/** Registers every conformance suite for one engine, which `describeOn` starts. */
export async function describeEngine(
  name: string,
  create: () => Engine | Promise<Engine>,
  { tolerance = 1e-5 }: EngineTestOptions = {},
): Promise<void> {
  await describeOn(name, create, (engine) => {
    const subject: EngineUnderTest = { engine, tolerance };
    describePrimitives(subject);
    describeSpecialValues(subject);
    describeRandomShapes(subject);
    describeGradients(subject);
    describeComposites(subject);
    describeOptimizer(subject);
    describeLifetimes(subject);
    describeTraining(subject);
  });
}

/**
 * Starts an engine and registers tests for it; it is disposed after them. A test also fails on an error that the engine
 * reports only after it, which a device that computes in the background may do. An engine that cannot start is a skipped test
 * which names it, or a failing one where the environment variable UMT_REQUIRE_ENGINES asks for it: '1' means all,
 * otherwise a list of names separated by commas, each a whole name or the part before '+'.
 */
export async function describeOn(
  name: string,
  create: () => Engine | Promise<Engine>,
  register: (engine: Engine) => void,
): Promise<void> {
  const started = await start(create);
  if ('error' in started) {
    const reason = started.error instanceof Error ? started.error.message : String(started.error);
    if (!isRequired(name, requiredEngines())) return it.skip(`${name} cannot start here: ${reason}`);
    return it(`${name} starts`, () => {
      throw started.error;
    });
  }
  const { engine } = started;
  describe(`${name} (${engine.capabilities.deviceName})`, () => {
    // a GPU reports late: what no read of a test met yet must fail it all the same
    afterEach(() => probe(engine));
    afterAll(async () => {
      await probe(engine);
      setEngine(undefined);
      engine.dispose();
    });
    register(engine);
  });
}

/** Reads something, which rejects with what went wrong since the read before. */
async function probe(engine: Engine): Promise<void> {
  const one = engine.upload(Float32Array.of(1), [1], 'float32');
  await engine.read(one).finally(() => engine.free(one));
}

type Started = { readonly engine: Engine } | { readonly error: unknown };

async function start(create: () => Engine | Promise<Engine>): Promise<Started> {
  try {
    return { engine: await create() };
  } catch (error) {
    return { error };
  }
}

/** Whether UMT_REQUIRE_ENGINES, which is `required`, asks for an engine. */
export function isRequired(name: string, required: string): boolean {
  if (required === '1') return true;
  const wanted = required.split(',').map((one) => one.trim());
  return wanted.some((one) => one !== '' && (one === name || one === name.split('+')[0]));
}

function requiredEngines(): string {
  return (
    (globalThis as { process?: { env: Readonly<Record<string, string | undefined>> } }).process?.env
      .UMT_REQUIRE_ENGINES ?? ''
  );
}
