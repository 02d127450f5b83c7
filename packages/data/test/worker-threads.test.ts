import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { PretrainClipOptions } from '@umt/data';
import { allPackages, sourceOf } from '../../../scripts/workspace.mjs';
import { ClipReader } from '../src/clip-reader.ts';
import { portOf } from '../src/spawn.node.ts';
import { videoClipLoaderFactory } from '../src/video-clip-loader.ts';
import type { WorkerHost } from '../src/worker-pool.ts';
import { synthetic } from './synthetic.ts';

const here = (file: string) => fileURLToPath(new URL(file, import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'umt-data-threads-'));
const program = join(folder, 'worker.mjs');
const clip: PretrainClipOptions = { frames: 4, size: 16 };

beforeAll(() =>
  build({
    entryPoints: [here('thread-worker.ts')],
    outfile: program,
    bundle: true,
    platform: 'node',
    format: 'esm',
    alias: Object.fromEntries(
      allPackages().flatMap(({ name, dir, manifest }) => {
        const target = manifest.exports?.['.'];
        return target === undefined ? [] : [[name, sourceOf(dir, target, ['node', 'import'])]];
      }),
    ),
    external: ['node-av'],
    logLevel: 'silent',
  }),
);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Starts real threads of the program above. */
class ThreadHost implements WorkerHost {
  readonly warnings: string[] = [];
  readonly threads: Worker[] = [];
  readonly #deaths = new SharedArrayBuffer(12);
  readonly #file: string;

  constructor(file = program) {
    this.#file = file;
  }

  spawn() {
    const options = { workerData: this.#deaths, resourceLimits: { maxOldGenerationSizeMb: 48 }, stderr: true };
    const thread = new Worker(this.#file, options);
    this.threads.push(thread);
    return portOf(thread);
  }

  warn(message: string): void {
    this.warnings.push(message);
  }
}

/** All batches of an epoch in order, with what was told of bad videos. */
async function epochOf(host: WorkerHost, paths: readonly string[], workers: number) {
  const unreadable: string[] = [];
  const loader = videoClipLoaderFactory(host)({
    entries: paths.map((path) => ({ path })),
    seed: 3,
    clip,
    batchSize: 2,
    workers,
    epochs: 1,
    shuffle: false,
    onUnreadable: ({ path, cause }) => unreadable.push(`${path}: ${cause.kind}: ${cause.message}`),
  });
  const samples: { readonly path: string; readonly video: Float32Array }[] = [];
  try {
    for await (const { video, paths: shown } of loader.batches(0)) {
      const length = video.length / shown.length;
      for (const [i, path] of shown.entries()) samples.push({ path, video: video.slice(i * length, (i + 1) * length) });
    }
  } finally {
    await loader.close();
  }
  return { samples, unreadable };
}

test.each([1, 2])(
  'threads of %i that exit, run out of memory or throw are replaced, and no bit changes',
  async (workers) => {
    const host = new ThreadHost();
    const paths = ['a', 'exit 2 b', 'c', 'memory 1 d', 'e', 'throw 1 f', 'g', 'h'];
    const { samples, unreadable } = await epochOf(host, paths, workers);
    const reader = new ClipReader(clip, synthetic(40).open);
    expect(samples.map(({ path }) => path)).toEqual(paths);
    for (const [index, { path, video }] of samples.entries()) {
      expect(video).toEqual(await reader.read({ entry: { path }, seed: 3, epoch: 0, index }));
    }
    expect(unreadable).toEqual([]);
    expect(host.threads).toHaveLength(workers + 4);
    expect(host.warnings).toHaveLength(1);
    expect(host.warnings[0]).toMatch(/^a data worker died \(.+\) and was replaced/);
  },
);

test('a video that ends every thread gives way to another one, with its cause', async () => {
  const host = new ThreadHost();
  const { samples, unreadable } = await epochOf(host, ['a', 'b', 'exit 99 c', 'd'], 2);
  expect(unreadable).toEqual([
    'exit 99 c: undecodable: "exit 99 c" ended 3 data workers, the last one so: it ended with exit code 7; convert it or leave it out',
  ]);
  expect(samples.map(({ path }) => path)).toEqual(['a', 'b', expect.stringMatching(/^[abd]$/), 'd']);
  // One more where the answer before was lost on its way out.
  expect(host.threads.length - 2 - 3).toBeOneOf([0, 1]);
});

test('threads that cannot start end the run with one line', async () => {
  const host = new ThreadHost(join(folder, 'absent.mjs'));
  await expect(epochOf(host, ['a', 'b'], 2)).rejects.toThrow(
    /^no data worker can be started, of 2 that were tried: .*absent\.mjs/,
  );
});
