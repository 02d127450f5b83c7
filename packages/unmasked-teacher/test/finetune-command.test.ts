import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fieldsOf } from '../src/config/fields.ts';
import { finetuneSchema } from '../src/config/finetune-config.ts';
import { finetuneTiny } from '../src/recipes/finetune/tiny.ts';
import { eventsOf, isBuilt, umt } from './cli.ts';
import { umtHere } from './command-line.ts';
import { CLIPS } from './small.ts';
import { SCENE_TESTS, SCENE_VIDEOS, SCENES, SMALL_FINETUNE } from './small-finetune.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'umt-finetune-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('umt finetune', () => {
  test('its help has examples and a flag for every field', async () => {
    const { out, code } = await umtHere('finetune', '--help');
    expect(code).toBe(0);
    expect(out).toContain('Examples:');
    for (const { path } of fieldsOf(finetuneSchema)) {
      expect(out).toContain(`--${path.join('.').replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)} `);
    }
  });

  test('a configuration comes from a recipe and flags, short ones too', async () => {
    const words = [
      '--data',
      'a',
      '--validation',
      'b',
      '--weights',
      'w.pth',
      '--classes',
      '4',
      '--augmentation.scale',
      '0.5,1',
    ];
    const { out } = await umtHere('finetune', 'tiny', ...words, '--method', 'linear-probe', '--print-config');
    const tiny = finetuneTiny();
    expect(JSON.parse(out)).toEqual({
      ...tiny,
      method: 'linear-probe',
      data: { ...tiny.data, path: 'a', validation: 'b', classes: 4 },
      from: { ...tiny.from, weights: 'w.pth' },
      augmentation: { ...tiny.augmentation, scale: [0.5, 1] },
    });
  });

  test.each([
    [['finetune', 'b16_ftk400'], /no recipe is called b16_ftk400; there is tiny, b16_ptk710_ftk710_f8_res224/],
    [
      ['finetune', '--augmentation.scale', '1'],
      'augmentation.scale must be two numbers above 0, the smaller first, not [1]',
    ],
    [['finetune', '--optimizer.layer-deca', '1'], 'did you mean --optimizer.layer-decay?'],
    [['evaluate', '--weights', 'a'], "required option '--data <path>' not specified"],
    [['evaluate', '--weights', 'a', '--data', 'b', '--clips', '0'], 'It must be a whole number from 1 on.'],
  ])('%j is answered in one line', async (words, message) => {
    const { err, code } = await umtHere(...words);
    expect(err).toMatch(message);
    expect(err).toMatch(/^umt: [^\n]*\n$/);
    expect(code).toBe(2);
  });

  test('the help of evaluate has examples', async () => {
    expect((await umtHere('evaluate', '--help')).out).toMatch(/Examples:[^]*--predictions k400\.jsonl/);
  });
});

describe.skipIf(!isBuilt)('the built program (skipped where pnpm build has not run)', () => {
  test('stopped by Ctrl-C it goes on, and its classifier is evaluated and classifies without a list of labels', async () => {
    const lines = (videos: typeof SCENE_VIDEOS) =>
      videos.map(({ path, label }) => JSON.stringify({ path, label: SCENES[label] })).join('\n');
    const [train, held, config, output] = ['train.jsonl', 'test.jsonl', 'config.json', 'run'].map((name) =>
      join(folder, name),
    ) as [string, string, string, string];
    await writeFile(train, lines(SCENE_VIDEOS));
    await writeFile(held, lines(SCENE_TESTS));
    const data = { path: train, validation: held };
    await writeFile(config, JSON.stringify({ recipe: 'tiny', device: 'wasm', output, ...SMALL_FINETUNE, data }));

    let isTold = false;
    const stopped = await umt(['finetune', config, '--json'], {
      onLine: (line, send) => {
        if (isTold || !line.includes('"type":"step"')) return;
        isTold = true;
        send('SIGINT');
      },
    });
    expect(stopped.code).toBe(130);
    expect(eventsOf(stopped).at(-1)).toMatchObject({ type: 'result', outcome: 'stopped', totalSteps: 8 });

    const whole = await umt(['finetune', config]);
    expect(whole.code).toBe(0);
    expect(whole.err).toMatch(/going on after step [1-7]\n/);
    expect(whole.err).toMatch(/one view of each video: top-1 [\d.]+ %, mean over classes [\d.]+ %, of 3 videos/);
    const report = await readFile(join(output, 'report.html'), 'utf8');
    expect(report).toContain('What was taken for what');
    expect(report).not.toMatch(/src=|href=/);

    const weights = join(output, 'classifier.safetensors');
    const words = ['--weights', weights, '--clips', '1', '--crops', '1', '--device', 'wasm'];
    const evaluated = await umt(['evaluate', ...words, '--data', held]);
    expect(evaluated).toMatchObject({ code: 0, out: expect.stringContaining('3 videos, 1 x 1 views each') });
    expect(evaluated.out).toMatch(/ 0 box .*\n.* 1 street .*\n.* 2 tree /);
    const classified = await umtHere('classify', `${CLIPS}/box-3.mp4`, ...words, '--json');
    expect(JSON.parse(classified.out)).toMatchObject({
      predictions: expect.arrayContaining([expect.objectContaining({ label: 'street' })]),
    });
  }, 120_000);
});
