import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openShardSet } from '@umt/data';
import { allPackages, sourceOf } from '../../../scripts/workspace.mjs';
import { openShardSet as openInNode } from '../src/shards/open-shard-set.node.ts';
import { portOf } from '../src/spawn.node.ts';
import { videoClipLoaderFactory } from '../src/video-clip-loader.ts';
import { writeShards } from './shard-writer.ts';

const folder = mkdtempSync(join(tmpdir(), 'umt-shard-threads-'));
const program = join(folder, 'worker.mjs');
const place = join(folder, 'set');

beforeAll(async () => {
  await writeShards(place, { encoding: 'rgb', counts: [5, 2, 5] });
  await build({
    entryPoints: [fileURLToPath(new URL('../src/worker.node.ts', import.meta.url))],
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
  });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const host = {
  spawn: () => portOf(new Worker(program)),
  warn: (message: string) => {
    throw new Error(message);
  },
};

/** What two epochs show: paths, classes and a digest of the clips. */
async function shown(workers: number, missing = false) {
  const entries = await openShardSet(place);
  if (missing) rmSync(join(place, 'small-000001.tar'));
  const told: string[] = [];
  const loader = videoClipLoaderFactory(
    host,
    openInNode,
  )({
    entries,
    seed: 4,
    clip: { frames: 3, size: 16 },
    batchSize: 4,
    shuffleWindow: 2,
    maxUnreadableShare: 0.5,
    workers,
    onUnreadable: ({ path, cause }) => told.push(`${path} ${cause.kind}`),
  });
  const batches: unknown[] = [];
  for (const epoch of [0, 1]) {
    for await (const { video, paths, labels } of loader.batches(epoch)) {
      const bytes = new Uint8Array(video.buffer, video.byteOffset, video.byteLength);
      batches.push({ paths, labels, digest: createHash('sha256').update(bytes).digest('hex') });
    }
  }
  await loader.close();
  return { batches, told: told.toSorted() };
}

test('threads open the set themselves and give the batches of this thread, bad samples included', async () => {
  const here = await shown(0);
  expect(here.batches).toHaveLength(6);
  expect(here.told).toEqual([]);
  expect(await shown(2)).toEqual(here);
  const broken = await shown(2, true);
  expect(broken.told).toEqual([5, 6].map((sample) => `${place}#${sample} not-found`));
  expect(broken.batches).not.toEqual(here.batches);
  expect(await shown(0)).toEqual(broken);
});
