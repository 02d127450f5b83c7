import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { savePytorch } from '@umt/checkpoint';
import { stateDict } from '@umt/nn';
import { loadEngine } from '@umt/runtime';
import { setEngine } from '@umt/tensor';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { PretrainConfig } from '../src/config/pretrain-config.ts';
import type { Overrides } from '../src/config/merge-config.ts';
import { pretrainHere } from '../src/node/pretrain-here.ts';
import { pretrainTiny } from '../src/recipes/pretrain-tiny.ts';
import { buildTeacher } from '../src/stage1/models.ts';
import { CLIPS, SMALL } from './small.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'umt-pretrain-'));
  await mkdir(join(folder, 'videos'));
  for (const name of ['box-1', 'cup-1', 'tree-1'])
    await cp(`${CLIPS}/${name}.mp4`, join(folder, 'videos', `${name}.mp4`));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A run of few steps from folder to folder; returns its warnings and its report. */
async function run(output: string, { data = {}, ...changes }: Overrides<PretrainConfig>) {
  const config = pretrainTiny({
    ...SMALL,
    device: 'wasm',
    output: join(folder, output),
    data: { ...SMALL.data, heldOut: 0, path: join(folder, 'videos'), ...data },
    schedule: { epochs: 1, warmupEpochs: 0, maxSteps: 2 },
    ...changes,
  });
  const warnings: string[] = [];
  const result = await pretrainHere(
    { config, overwrite: false, program: 'umt' },
    {
      emit: (event) => void (event.type === 'warning' && warnings.push(event.message)),
      stopSignal: new AbortController().signal,
    },
  );
  expect(result.outcome).toBe('done');
  return { warnings, report: await readFile(result.report, 'utf8') };
}

test('a broken video among good ones is told and replaced; nothing but broken ones is an error', async () => {
  const [some, all] = [join(folder, 'some-broken'), join(folder, 'all-broken')];
  await cp(join(folder, 'videos'), some, { recursive: true });
  await writeFile(join(some, 'a-broken.mp4'), 'not a video');
  const { warnings, report } = await run('with-broken', {
    data: { path: some },
    schedule: { epochs: 1, warmupEpochs: 0 },
  });
  expect(warnings).toEqual([expect.stringMatching(/a-broken\.mp4.*another video takes its place$/)]);
  expect(report).toContain('1 video could not be read');

  await mkdir(all);
  await writeFile(join(all, 'a.mp4'), 'not a video');
  await expect(run('nothing', { data: { path: all } })).rejects.toThrow(/a\.mp4/);
});

test('does not touch what is there when told to begin anew, nor goes on with another model', async () => {
  await run('there', {});
  await expect(run('there', { resume: false })).rejects.toThrow('already holds checkpoints');
  await expect(run('there', { student: { ...SMALL.student, width: 48 } })).rejects.toThrow(/student\.width/);
});

test('takes a teacher from a file, and says which of its tensors do not fit another size', async () => {
  const weights = join(folder, 'clip.pth');
  await saveTeacher(weights);
  const { report } = await run('taught', { teacher: { ...SMALL.teacher, weights } });
  expect(report).not.toContain('random weights');
  await expect(run('misfit', { teacher: { ...SMALL.teacher, weights, outputWidth: 8 } })).rejects.toThrow(
    /proj is \[24, 16\] where the model has \[24, 8\]/,
  );
});

/** A teacher of the small size under the names of OpenAI's whole model. */
async function saveTeacher(path: string): Promise<void> {
  const { engine } = await loadEngine({ device: 'wasm', gemm: 'xnnpack' });
  setEngine(engine);
  const teacher = await buildTeacher(pretrainTiny(SMALL), null);
  const tensors = [...(await stateDict(teacher))].map(([name, { shape, data }]) => {
    const isKernel = name === 'conv1.weight'; // the file's kernel is an image's
    return [
      `visual.${name}`,
      { dtype: 'F32', shape: isKernel ? shape.filter((_, axis) => axis !== 2) : shape, data },
    ] as const;
  });
  await savePytorch(path, Object.fromEntries(tensors));
  setEngine(undefined);
  engine.dispose();
}
