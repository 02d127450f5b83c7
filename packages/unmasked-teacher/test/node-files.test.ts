import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { entriesOf } from '@umt/data';
import { findVideos } from '../src/node/find-videos.ts';
import { findLabeledVideos } from '../src/node/labeled-videos.ts';
import { nextCommands } from '../src/node/next-commands.ts';
import { readLog } from '../src/node/read-log.ts';
import { clearFolder, prepareFolder, runFolder } from '../src/node/run-folder.ts';
import { finetuneTiny } from '../src/recipes/finetune/tiny.ts';
import { pretrainTiny } from '../src/recipes/pretrain-tiny.ts';
import { CLIPS, ROOT } from './small.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'umt-files-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test('an output folder that cannot be made is answered in one line with what to do', async () => {
  const file = join(folder, 'file');
  await writeFile(file, '');
  const message = `cannot write to the output folder ${join(file, 'run')}; choose another with --output (ENOTDIR`;
  await expect(prepareFolder(runFolder(join(file, 'run'), 'student'), pretrainTiny(), false)).rejects.toThrow(message);
});

describe('finding videos', () => {
  const find = async (data: Parameters<typeof pretrainTiny>[0]) => entriesOf(await findVideos(pretrainTiny(data).data));

  test('in a folder, below a prefix, by comma or space', async () => {
    expect((await find({ data: { path: CLIPS } })).map(({ path }) => path)).toHaveLength(12);
    const list = join(folder, 'train.csv');
    await writeFile(list, 'a,0\nb/c.webm,1\n');
    expect((await find({ data: { path: list, prefix: '/videos' } })).map(({ path }) => path)).toEqual([
      '/videos/a.mp4',
      '/videos/b/c.webm',
    ]);
    await writeFile(list, 'a 0\n');
    expect((await find({ data: { path: list, separator: 'space' } })).map(({ path }) => path)).toEqual(['a.mp4']);
  });

  test('in any manifest, below a prefix: JSON, JSON lines, CSV with a header, Parquet', async () => {
    const list = join(folder, 'list');
    const named = async (extension: string, text: string) => {
      await writeFile(`${list}.${extension}`, text);
      return (await find({ data: { path: `${list}.${extension}`, prefix: '/v' } })).map(({ path }) => path);
    };
    expect(await named('json', '[{"video":"a.mp4","caption":"a"},{"video":["b.mp4","c.mp4"],"caption":"b"}]')).toEqual([
      '/v/a.mp4',
      '/v/b.mp4',
      '/v/c.mp4',
    ]);
    expect(await named('jsonl', '{"path":"a.mp4","label":"dog"}')).toEqual(['/v/a.mp4']);
    expect(await named('csv', 'fps,path,label\n30,"a, b.mp4",dog\n')).toEqual(['/v/a, b.mp4']);
    const parquet = join(ROOT, 'packages/data/test/fixtures/manifests/captions-zstd.parquet');
    const entries = await find({ data: { path: parquet, prefix: CLIPS } });
    expect(entries).toHaveLength(5);
    expect(entries[1]).toEqual({ path: `${CLIPS}/clips/video 1.mp4`, captions: ['caption 1.0', 'caption 1.1'] });
  });

  test('with labels from any manifest, the validation list numbered by the classes of the training list', async () => {
    const [train, validation] = [join(folder, 'train.json'), join(folder, 'val.csv')];
    await writeFile(train, '[{"video":"a.mp4","label":"up"},{"video":"b.mp4","label":"down"}]');
    await writeFile(validation, 'path,class,fps\nc.mp4,up,30\n');
    const { data } = finetuneTiny({ data: { path: train, validation } });
    const found = await findLabeledVideos(data);
    expect(found.training.classes).toEqual(['down', 'up']);
    expect(found.validation?.entries).toEqual([{ path: 'c.mp4', label: 1 }]);
  });

  test('a path that is there but cannot be looked at is not called missing', async () => {
    await expect(find({ data: { path: 'a'.repeat(300) } })).rejects.toThrow('it cannot be read (ENAMETOOLONG)');
  });

  test.each([
    [null, 'no videos: name a folder of videos, a list file or a shard set with data.path (--data)'],
    ['nowhere', 'nowhere: there is no such file or folder; data.path (--data) names the videos'],
    [`${CLIPS}/README.md`, /README\.md:1: expected path,label/],
  ])('%s is answered in one line', async (path, message) => {
    await expect(find({ data: { path } })).rejects.toThrow(message);
  });
});

describe('the log', () => {
  const write = async (...lines: readonly (object | string)[]) => {
    const path = join(folder, 'log.jsonl');
    await writeFile(
      path,
      lines.map((line) => (typeof line === 'string' ? line : `${JSON.stringify(line)}\n`)).join(''),
    );
    return readLog(path);
  };
  const step = (number: number, loss: number | string) => ({
    type: 'step',
    step: number,
    loss,
    learningRate: 1,
    samplesPerSecond: 2,
    dataWaitShare: 0,
  });

  test('of a run that was killed and went on counts every step once, the later one', async () => {
    const { steps, evaluations } = await write(
      { type: 'start', firstStep: 0 },
      { type: 'evaluation', step: 0, loss: 9 },
      step(1, 10),
      step(2, 20),
      step(3, 30),
      { type: 'evaluation', step: 3, loss: 8 },
      { type: 'start', firstStep: 1 },
      step(2, 21),
    );
    expect(steps.map(({ loss }) => loss)).toEqual([10, 21]);
    expect(evaluations).toEqual([{ step: 0, loss: 9 }]);
  });

  test('may end in the middle of a line, and hold losses that are not finite', async () => {
    const { steps } = await write(step(1, 'NaN'), step(2, 2), '{"type":"step","st');
    expect(steps.map(({ loss }) => loss)).toEqual([Number.NaN, 2]);
  });
});

test('clearing an output folder takes the run’s own files and leaves others', async () => {
  const run = runFolder(join(folder, 'run'), 'student');
  await (await prepareFolder(run, pretrainTiny(), false)).release();
  await mkdir(join(run.checkpoints, 'step-1'), { recursive: true });
  for (const file of [
    run.log,
    run.report,
    run.weights,
    join(run.path, 'events.out.tfevents.1.x.2.0'),
    join(run.path, 'notes.txt'),
  ]) {
    await writeFile(file, 'x');
  }
  await clearFolder(run);
  expect(await readdir(run.path)).toEqual(['notes.txt']);
});

describe('what the report suggests to type', () => {
  const config = pretrainTiny({ output: "runs/it's", data: { path: 'my videos' } });

  test('is quoted for a shell', () => {
    const commands = nextCommands(config, 'stopped', 'umt').map(({ command }) => command);
    expect(commands[0]).toBe(`umt pretrain 'runs/it'\\''s/config.json'`);
    expect(commands[1]).toContain(`--data 'my videos' --schedule.epochs 120`);
  });

  test('names the way on only where there is one', () => {
    const about = (outcome: 'done' | 'stopped') => nextCommands(config, outcome, 'umt').map((one) => one.about);
    expect(about('stopped')).toContain('Go on from the checkpoint:');
    expect(about('done')).not.toContain('Go on from the checkpoint:');
  });
});
