import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSafetensors, saveSafetensors } from '@umt/checkpoint';
import { stateDict } from '@umt/nn';
import { loadEngine } from '@umt/runtime';
import { setEngine } from '@umt/tensor';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fieldsOf } from '../src/config/fields.ts';
import { pretrainSchema } from '../src/config/pretrain-config.ts';
import { pretrainTiny } from '../src/recipes/pretrain-tiny.ts';
import { buildTeacher } from '../src/stage1/models.ts';
import { eventsOf, isBuilt, umt, type CliResult } from './cli.ts';
import { CLIPS, SMALL } from './small.ts';

/** One line on standard error, nothing of a stack. */
function expectOneLine({ err, code }: CliResult, message: string | RegExp, exitCode: number): void {
  expect(err).toMatch(message);
  expect(
    err
      .trim()
      .split('\n')
      .filter((line) => line.startsWith('umt:')),
  ).toHaveLength(1);
  expect(err).not.toMatch(/^\s+at /m);
  expect(code).toBe(exitCode);
}

describe.skipIf(!isBuilt)('umt (skipped where pnpm build has not run)', () => {
  let folder: string;
  let config: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'umt-cli-'));
    await mkdir(join(folder, 'videos'));
    for (const name of ['box-1', 'box-2', 'cup-1', 'tree-1'])
      await cp(`${CLIPS}/${name}.mp4`, join(folder, 'videos', `${name}.mp4`));
    config = join(folder, 'small.json');
    const data = { ...SMALL.data, heldOut: 1, path: join(folder, 'videos') };
    await writeFile(config, JSON.stringify({ recipe: 'tiny', ...SMALL, data }));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  describe('devices', () => {
    test('--json tells what is here, what is picked and what to install', async () => {
      const result = await umt(['devices', '--json']);
      const report: unknown = JSON.parse(result.out);
      expect(report).toMatchObject({ node: process.versions.node, picked: { device: 'wasm' }, problem: null });
      expect(report).toHaveProperty('devices.0.availability.isAvailable', true);
      expect(report).toHaveProperty('decoders.0.name', 'node-av');
      expect(result).toMatchObject({ err: '', code: 0 });
    });

    test('UMT_DEVICE picks, and one that is not there is an error', async () => {
      const picked = await umt(['devices', '--json'], { env: { UMT_DEVICE: 'cpu' } });
      expect(JSON.parse(picked.out)).toMatchObject({ picked: { device: 'cpu', reason: 'UMT_DEVICE asks for it' } });
      const unknown = await umt(['devices'], { env: { UMT_DEVICE: 'gpu' } });
      expect(unknown.out).toContain("there is no device 'gpu'; there is auto, wasm, cpu");
      expect(unknown.code).toBe(1);
    });
  });

  describe('help', () => {
    test.each([['--help'], ['devices', '--help'], ['pretrain', '--help'], []])(
      '%s %s shows examples',
      async (...words) => {
        const { out, code } = await umt(words);
        expect(out).toContain('Examples:');
        expect(code).toBe(0);
      },
    );

    test('pretrain names a flag for every field', async () => {
      const { out } = await umt(['pretrain', '--help']);
      for (const { path } of fieldsOf(pretrainSchema)) {
        expect(out).toContain(`--${path.join('.').replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)} `);
      }
    });
  });

  describe('a command line that is wrong is answered in one line', () => {
    test.each([
      [['pretrian'], 'there is no command pretrian; did you mean pretrain?'],
      [['pretrain', 'tyni'], 'no recipe is called tyni; did you mean tiny?'],
      [
        ['pretrain', '--optimizer.learning-rat', '1'],
        'there is no flag --optimizer.learning-rat; did you mean --optimizer.learning-rate?',
      ],
      [['pretrain', '--optimizer.lr', '1'], /there is no flag --optimizer\.lr; there is --optimizer\.learning-rate, /],
      [['pretrain', '--dta', 'x'], 'there is no flag --dta; did you mean --data?'],
      [['pretrain', '--video.flip=false'], '--video.flip takes no value; --no-video.flip turns it off'],
      [['pretrain', '--mask.kind', 'tub'], 'mask.kind must be one of attention, tube, random, not "tub"'],
      [['pretrain', '--mask.ratio', 'most'], 'mask.ratio must be a number from 0 to below 1, not "most"'],
      [['pretrain', 'tiny', 'again'], 'too many arguments'],
      [['pretrain', 'tiny'], 'no videos: name a folder of videos or a list file with data.path (--data)'],
      [['pretrain', 'my.json'], 'my.json: there is no such file; a configuration is a .json or .mjs file'],
      [['pretrain', '--data', CLIPS, '--device', 'gpu'], "there is no device 'gpu'; there is auto, wasm, cpu"],
    ])('%j', async (words, message) => {
      expectOneLine(await umt(words), message, 2);
    });

    test.each([
      [['--data', 'nowhere'], 'nowhere: there is no such file or folder; data.path (--data) names the videos'],
      [['--data', CLIPS, '--teacher', 'none.safetensors'], 'none.safetensors: there is no such file'],
      [['--data', CLIPS, '--teacher', `${CLIPS}/box-1.mp4`], 'not a safetensors file'],
      [['--data', `${CLIPS}/README.md`], /README\.md:1: expected path,label/],
    ])('what is not there: %j', async (words, message) => {
      expectOneLine(await umt(['pretrain', ...words], { cwd: folder }), message, 1);
    });

    test('with --verbose the stack follows', async () => {
      const { err } = await umt(['pretrain', '--data', 'nowhere', '--verbose']);
      expect(err).toMatch(/^\s+at /m);
    });

    test('with --json the error is an event', async () => {
      const [event] = eventsOf(await umt(['pretrain', 'tyni', '--json']));
      expect(event).toMatchObject({
        type: 'error',
        name: 'ConfigError',
        message: 'no recipe is called tyni; did you mean tiny?',
      });
    });
  });

  describe('a configuration', () => {
    const print = async (...words: readonly string[]): Promise<unknown> =>
      JSON.parse((await umt(['pretrain', ...words, '--print-config'])).out);

    test('comes from a recipe, then a file, then flags', async () => {
      const printed = await print(
        config,
        '--optimizer.learning-rate',
        '1e-3',
        '--no-video.flip',
        '--optimizer.clip-norm',
        '1',
        '--optimizer.betas',
        '0.8,0.9',
      );
      const tiny = pretrainTiny();
      expect(printed).toMatchObject({
        student: { ...SMALL.student, mlpRatio: tiny.student.mlpRatio },
        optimizer: { ...tiny.optimizer, learningRate: 1e-3, clipNorm: 1, betas: [0.8, 0.9] },
        video: { frames: 2, flip: false },
      });
    });

    test('short flags and none mean their fields', async () => {
      const printed = await print(
        'B/16',
        '--data',
        'a',
        '--epochs',
        '3',
        '--steps',
        'none',
        '--teacher',
        'none',
        '--batch-size',
        '2',
      );
      expect(printed).toMatchObject({
        data: { path: 'a' },
        schedule: { epochs: 3, maxSteps: null },
        teacher: { weights: null },
        batch: { size: 2 },
      });
    });

    test('may be a module', async () => {
      const path = join(folder, 'mine.mjs');
      await writeFile(path, "export default () => ({ recipe: 'L/16', mask: { ratio: 1 / 2 } });\n");
      expect(await print(path)).toMatchObject({ recipe: 'L/16', student: { width: 1024 }, mask: { ratio: 0.5 } });
    });

    test.each([
      ['{"recipe": "tiny", "vidoe": {}}', /small\.json: vidoe is not a field; did you mean video\?/],
      ['{"recipe": "tyni"}', 'no recipe is called tyni; did you mean tiny?'],
      ['{"seed": 1}', 'recipe must name what to start from (B/16, L/16, tiny)'],
      ['{"seed": 1', 'not valid JSON'],
      ['[1]', 'a configuration is an object of fields'],
    ])('%s is answered in one line', async (text, message) => {
      const path = join(folder, 'broken-small.json');
      await writeFile(path, text);
      expectOneLine(await umt(['pretrain', path]), message, 2);
    });
  });

  describe('a run', () => {
    const output = (name: string) => join(folder, name);
    const losses = (result: CliResult) =>
      eventsOf(result).flatMap((event) => (event['type'] === 'step' ? [[event['step'], event['loss']]] : []));

    test('prints the report last and leaves report, log, weights, configuration and checkpoint', async () => {
      const result = await umt(['pretrain', config, '--output', output('first'), '--steps', '5']);
      expect(result).toMatchObject({ code: 0, out: `report: ${join(output('first'), 'report.html')}\n` });
      expect(result.err).toMatch(/device wasm: .*\n/);
      expect(result.err).toMatch(/held-out loss [\d.]+; a guess that sees no pixel has [\d.]+\n/);
      const html = await readFile(join(output('first'), 'report.html'), 'utf8');
      expect(html).toContain('small CLIP with random weights');
      expect(html).toContain('5 steps');
      const log = (await readFile(join(output('first'), 'log.jsonl'), 'utf8'))
        .trim()
        .split('\n')
        .map((line): unknown => JSON.parse(line));
      expect(log.filter((event) => JSON.stringify(event).includes('"type":"step"'))).toHaveLength(5);
      const weights = await openSafetensors(join(output('first'), 'student.safetensors'));
      expect(weights.tensors.get('encoder.blocks.2.attn.qkv.weight')?.shape).toEqual([72, 24]);
      await weights.close();
      expect((await readdir(output('first'))).filter((name) => name.startsWith('events.out.tfevents'))).toHaveLength(1);
      expect(JSON.parse(await readFile(join(output('first'), 'config.json'), 'utf8'))).toMatchObject({
        schedule: { maxSteps: 5 },
      });
    });

    test('with --json prints events alone, people read on standard error', async () => {
      const result = await umt(['pretrain', config, '--output', output('json'), '--steps', '3', '--json']);
      const types = eventsOf(result).map((event) => event['type']);
      expect(types.filter((type) => type === 'step')).toHaveLength(3);
      expect(types).toContain('evaluation');
      expect(types.at(-1)).toBe('result');
      expect(result.err).toContain('step 3/3');
    });

    test('Ctrl-C ends it with a checkpoint and code 130; started again it has the losses of a run that was never stopped', async () => {
      const words = ['pretrain', config, '--epochs', '25', '--json', '--report.evaluate-every-steps', 'none'];
      const whole = await umt([...words, '--output', output('whole')]);
      const first = await umt([...words, '--output', output('stopped')], {
        onLine: (line, interrupt) => {
          if (line.includes('"step":5,') && line.includes('"type":"step"')) interrupt();
        },
      });
      expect(first.code).toBe(130);
      expect(first.err).toContain('stopping after this step; Ctrl-C again quits at once');
      const stopped = eventsOf(first).find((event) => event['type'] === 'stopped');
      expect(stopped?.['checkpointStep']).toBe(stopped?.['step']);
      expect(await readFile(join(output('stopped'), 'report.html'), 'utf8')).toContain('Go on from the checkpoint');

      const second = await umt(['pretrain', join(output('stopped'), 'config.json'), '--json']);
      expect(second.code).toBe(0);
      expect(losses(first).length).toBeGreaterThan(4);
      expect(losses(second).length).toBeGreaterThan(0);
      expect([...losses(first), ...losses(second)]).toEqual(losses(whole));
    });

    test('--no-resume does not touch what is there, --overwrite starts anew', async () => {
      const words = ['pretrain', config, '--output', output('again'), '--steps', '2'];
      await umt(words);
      expectOneLine(await umt([...words, '--no-resume']), 'already holds checkpoints', 1);
      const anew = await umt([...words, '--overwrite', '--json']);
      expect(losses(anew)).toHaveLength(2);
      const another = await umt([...words, '--student.width', '48']);
      expectOneLine(another, /student\.width/, 1);
    });

    test('a broken video among good ones is told and replaced; nothing but broken ones is an error', async () => {
      const broken = output('broken-videos');
      await cp(join(folder, 'videos'), broken, { recursive: true });
      await writeFile(join(broken, 'a-broken.mp4'), 'not a video');
      const words = ['pretrain', config, '--steps', '4', '--data.held-out', '0'];
      const result = await umt([...words, '--data', broken, '--output', output('with-broken')]);
      expect(result.code).toBe(0);
      expect(result.err.match(/^warning: .*a-broken\.mp4.*another video takes its place$/gm)).toHaveLength(1);
      expect(await readFile(join(output('with-broken'), 'report.html'), 'utf8')).toContain('1 video could not be read');

      const onlyBroken = output('only-broken');
      await mkdir(onlyBroken);
      await writeFile(join(onlyBroken, 'a.mp4'), 'not a video');
      expectOneLine(await umt([...words, '--data', onlyBroken, '--output', output('nothing')]), /a\.mp4/, 1);
    });

    test('takes a teacher from a file, and says which of its tensors do not fit another size', async () => {
      const path = join(folder, 'clip.safetensors');
      await saveTeacher(path);
      const words = ['pretrain', config, '--teacher', path, '--steps', '2'];
      const result = await umt([...words, '--output', output('taught')]);
      expect(result.code).toBe(0);
      expect(await readFile(join(output('taught'), 'report.html'), 'utf8')).not.toContain('random weights');
      expectOneLine(
        await umt([...words, '--teacher.output-width', '8', '--output', output('misfit')]),
        /proj is \[24, 16\] where the model has \[24, 8\]/,
        1,
      );
    });
  });
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
  await saveSafetensors(path, Object.fromEntries(tensors));
  setEngine(undefined);
  engine.dispose();
}
