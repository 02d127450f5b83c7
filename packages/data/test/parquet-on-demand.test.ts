import { readFile } from 'node:fs/promises';
import { expect, test, vi } from 'vitest';
import { readLabeledVideos, readManifest } from '../src/index.node.ts';

const loaded = vi.hoisted((): string[] => []);
vi.mock('hyparquet', (original) => (loaded.push('hyparquet'), original()));
vi.mock('hyparquet-compressors', (original) => (loaded.push('hyparquet-compressors'), original()));

test('what reads Parquet is loaded with the first Parquet file, and with nothing else', async () => {
  await readManifest(new File(['[{"path":"a.mp4"}]'], 'list.json'));
  await readManifest(new File(['path,caption\na.mp4,a'], 'list.csv'));
  await readLabeledVideos(new File(['a.mp4 1'], 'list.txt'));
  expect(loaded).toEqual([]);
  const bytes = await readFile(new URL('./fixtures/manifests/labels.parquet', import.meta.url));
  await readManifest(new File([bytes], 'labels.parquet'));
  expect(loaded.sort()).toEqual(['hyparquet', 'hyparquet-compressors']);
});
