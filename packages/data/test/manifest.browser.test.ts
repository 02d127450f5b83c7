import { expect, test } from 'vitest';
import { readLabeledVideos, readManifest } from '@umt/data';

const address = new URL('./fixtures/manifests/captions-zstd.parquet', import.meta.url).href;
const captions = [0, 1, 2, 3, 4].map((i) => Array.from({ length: i + 1 }, (_, j) => `caption ${i}.${j}`));

test('a page reads Parquet from an address and from a picked file, and lists of text too', async () => {
  const { entries } = await readManifest(address, { kind: 'captions' });
  expect(entries.map((entry) => entry.captions)).toEqual(captions);
  const bytes = await (await fetch(address)).blob();
  expect((await readManifest(new File([bytes], 'x.parquet'), { kind: 'captions' })).entries).toEqual(entries);
  const list = new File(['path,label\na.mp4,dog\nb.mp4,cat'], 'list.csv');
  expect((await readLabeledVideos(list)).entries.map(({ label }) => label)).toEqual([1, 0]);
});
