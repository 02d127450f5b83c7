import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { fieldsOf } from '../src/config/fields.ts';
import { pretrainSchema } from '../src/config/pretrain-config.ts';
import { programName } from '../src/node/cli/program-name.ts';
import { pretrainTiny } from '../src/recipes/pretrain-tiny.ts';
import { umtHere as umt } from './command-line.ts';
import { SMALL } from './small.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'umt-command-line-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));
afterEach(() => vi.unstubAllEnvs());

describe('devices', () => {
  test('--json tells what is here, what is picked and what to install', async () => {
    const result = await umt('devices', '--json');
    const report: unknown = JSON.parse(result.out);
    expect(report).toMatchObject({ node: process.versions.node, problem: null });
    expect(report).toMatchObject({
      devices: expect.arrayContaining([
        expect.objectContaining({ name: 'wasm', availability: expect.objectContaining({ isAvailable: true }) }),
      ]),
    });
    expect(report).toHaveProperty('decoders.0.name', 'node-av');
    expect(result).toMatchObject({ err: '', code: 0 });
  });

  test('marks what is picked', async () => {
    const { out } = await umt('devices', '--device', 'wasm');
    expect(out).toMatch(/^\* wasm /m);
    expect(out).toMatch(/^ {2}cpu /m);
    expect(out).toMatch(/^ {2}picked: wasm \(SIMD\), .*; asked for$/m);
  });

  test('UMT_DEVICE picks, and one that is not there is an error', async () => {
    vi.stubEnv('UMT_DEVICE', 'cpu');
    const picked = await umt('devices', '--json');
    expect(JSON.parse(picked.out)).toMatchObject({ picked: { device: 'cpu', reason: 'UMT_DEVICE asks for it' } });
    vi.stubEnv('UMT_DEVICE', 'quantum');
    const unknown = await umt('devices');
    expect(unknown.out).toMatch(/there is no device 'quantum'; there is auto, .*wasm.*cpu/);
    expect(unknown.code).toBe(1);
  });
});

describe('help', () => {
  test.each([
    [['--help']],
    [['devices', '--help']],
    [['pretrain', '--help']],
    [['classify', '--help']],
    [['features', '--help']],
    [['inspect', '--help']],
    [['convert', '--help']],
    [['forward', '--help']],
    [['data', 'pack', '--help']],
    [['data', 'verify', '--help']],
    [[]],
  ])('%j shows examples', async (words) => {
    const { out, code } = await umt(...words);
    expect(out).toContain('Examples:');
    expect(code).toBe(0);
  });

  test('of pretrain names a flag for every field', async () => {
    const { out } = await umt('pretrain', '--help');
    for (const { path } of fieldsOf(pretrainSchema)) {
      expect(out).toContain(`--${path.join('.').replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)} `);
    }
  });

  test('the version is the package’s', async () => {
    expect(await umt('--version')).toEqual({ code: 0, out: '1.2.3\n', err: '' });
  });
});

describe('a command line that is wrong is answered in one line', () => {
  test.each([
    [['pretrian'], 'umt: there is no command pretrian; did you mean pretrain?'],
    [['fly'], /^umt: there is no command fly; there is pretrain, .*devices/],
    [['pretrain', 'tyni'], 'umt: no recipe is called tyni; did you mean tiny?'],
    [
      ['pretrain', '--optimizer.learning-rat', '1'],
      'there is no flag --optimizer.learning-rat; did you mean --optimizer.learning-rate?',
    ],
    [['pretrain', '--optimiser.betas', '1'], 'there is no flag --optimiser.betas; did you mean --optimizer.betas?'],
    [['pretrain', '--optimizer.lr', '1'], /there is no flag --optimizer\.lr; there is --optimizer\.learning-rate, /],
    [['pretrain', '--dta', 'x'], 'there is no flag --dta; did you mean --data?'],
    [['pretrain', '--xyzzy'], /there is no flag --xyzzy; there is --recipe, .*--data, /],
    [['pretrain', '--xyzzy.abc', '1'], 'there is no flag --xyzzy.abc; see umt pretrain --help'],
    [['pretrain', '--video.flip=false'], '--video.flip takes no value; --no-video.flip turns it off'],
    [['pretrain', '--data'], "option '--data <path>' argument missing"],
    [['pretrain', '--mask.kind', 'tub'], 'mask.kind must be one of attention, tube, random, not "tub"'],
    [['pretrain', '--mask.ratio', 'most'], 'mask.ratio must be a number from 0 to below 1, not "most"'],
    [['pretrain', 'tiny', 'again'], 'too many arguments'],
    [['pretrain', 'my.json'], 'my.json: there is no such file; a configuration is a .json or .mjs file'],
  ])('%j', async (words, message) => {
    const { code, out, err } = await umt(...words);
    expect(err).toMatch(message);
    expect(err).toMatch(/^umt: [^\n]*\n$/);
    expect({ code, out }).toEqual({ code: 2, out: '' });
  });

  test('with --verbose the stack follows', async () => {
    expect((await umt('pretrain', 'tyni', '--verbose')).err).toMatch(/^umt: no recipe .*\n.*\n\s+at /);
  });

  test('with --json the error is an event too', async () => {
    const { out } = await umt('pretrain', 'tyni', '--json');
    expect(JSON.parse(out)).toMatchObject({
      type: 'error',
      name: 'ConfigError',
      message: 'no recipe is called tyni; did you mean tiny?',
    });
  });
});

describe('a configuration', () => {
  const print = async (...words: readonly string[]): Promise<unknown> =>
    JSON.parse((await umt('pretrain', ...words, '--print-config')).out);

  test('comes from a recipe, then a file, then flags', async () => {
    const path = join(folder, 'small.json');
    await writeFile(path, JSON.stringify({ recipe: 'tiny', ...SMALL }));
    const flags = [
      '--optimizer.learning-rate',
      '1e-3',
      '--no-video.flip',
      '--optimizer.clip-norm',
      '1',
      '--optimizer.betas',
      '0.8,0.9',
    ];
    const tiny = pretrainTiny();
    expect(await print(path, ...flags)).toEqual({
      ...pretrainTiny(SMALL),
      optimizer: { ...tiny.optimizer, learningRate: 1e-3, clipNorm: 1, betas: [0.8, 0.9] },
      video: { ...tiny.video, ...SMALL.video, flip: false },
    });
  });

  test('short flags and none mean their fields', async () => {
    const flags = [
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
      '--learning-rate',
      '5',
    ];
    expect(await print('tiny', ...flags)).toMatchObject({
      data: { path: 'a' },
      schedule: { epochs: 3, maxSteps: null },
      teacher: { weights: null },
      batch: { size: 2 },
      optimizer: { learningRate: 5 },
    });
  });

  test('the recipe may be a flag', async () => {
    expect(await print('--recipe', 'l16')).toMatchObject({ recipe: 'L/16' });
  });

  test('every field that is printed can be set by its flag', async () => {
    const printed = await print('tiny');
    for (const { path, kind } of fieldsOf(pretrainSchema)) {
      const name = path.join('.').replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
      const value = path.reduce<unknown>((group, key) => new Map(Object.entries(group ?? {})).get(key), printed);
      const shown = value === null ? 'none' : Array.isArray(value) ? value.join(',') : String(value);
      const words = kind === 'boolean' ? [value === true ? `--${name}` : `--no-${name}`] : [`--${name}`, shown];
      expect(await print('tiny', ...words)).toEqual(printed);
    }
  });

  test('may be a module', async () => {
    const path = join(folder, 'mine.mjs');
    await writeFile(path, "export default () => ({ recipe: 'L/16', mask: { ratio: 1 / 2 } });\n");
    expect(await print(path)).toMatchObject({ recipe: 'L/16', student: { width: 1024 }, mask: { ratio: 0.5 } });
  });

  test.each([
    ['{"recipe": "tiny", "vidoe": {}}', /broken\.json: vidoe is not a field; did you mean video\?/],
    ['{"recipe": "tiny", "mask": {"ratio": 2}}', /broken\.json: mask\.ratio must be a number from 0 to below 1, not 2/],
    ['{"recipe": "tyni"}', 'no recipe is called tyni; did you mean tiny?'],
    ['{"seed": 1}', 'recipe must name what to start from (B/16, L/16, tiny), not be left out'],
    ['{"seed": 1', 'not valid JSON'],
    ['[1]', 'a configuration is an object of fields'],
  ])('%s is answered in one line', async (text, message) => {
    const path = join(folder, 'broken.json');
    await writeFile(path, text);
    const { err, code } = await umt('pretrain', path);
    expect(err).toMatch(message);
    expect(err).toMatch(/^umt: [^\n]*\n$/);
    expect(code).toBe(2);
  });
});

test.each([
  ['/app/node_modules/.bin/umt', 'npx umt'],
  ['/app/node_modules/unmasked-teacher/dist/bin.js', 'npx umt'],
  ['/src/packages/unmasked-teacher/dist/bin.js', 'node packages/unmasked-teacher/dist/bin.js'],
])('started as %s it calls itself %s', (script, name) => {
  expect(programName(script, '/src')).toBe(name);
});
