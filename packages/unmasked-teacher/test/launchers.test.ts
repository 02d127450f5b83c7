import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeOn } from '@umt/conformance';
import { loadEngine } from '@umt/runtime';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { FinetuneConfig } from '../src/config/finetune-config.ts';
import type { FinetuneEvent } from '../src/finetune/run-finetuning.ts';
import { finetuneHere } from '../src/node/finetune-here.ts';
import { finetuneTiny } from '../src/recipes/finetune/tiny.ts';
import { pretrainTiny } from '../src/recipes/pretrain-tiny.ts';
import { BIN, isBuilt } from './cli.ts';
import { demandTorch, torchVersion } from './python-torch.ts';
import { srun, torchrun } from './ranks/launchers.ts';
import { environmentOf, start } from './ranks/launch.ts';
import type { Steps } from './ranks/stage1.ts';
import { expectSteps } from './ranks/steps.ts';
import { CLIPS, SMALL } from './small.ts';
import { SCENE_TESTS, SCENE_VIDEOS, SMALL_FINETUNE } from './small-finetune.ts';

type Event = Readonly<Record<string, unknown>> & { readonly type: string };

/** The events that `umt --json` printed. */
const eventsOf = (out: string): readonly Event[] =>
  out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Event);

const stepsOf = (events: readonly (Event | FinetuneEvent)[]): Steps =>
  events.flatMap((event) =>
    'gradientNorm' in event ? [[Number(event.loss), Number(event.gradientNorm)] as const] : [],
  );

/** Where a classifier was measured, and its share of right answers. */
const accuraciesOf = (events: readonly (Event | FinetuneEvent)[]) =>
  events.flatMap((event) => (event.type === 'accuracy' && 'top1' in event ? [[event.step, event.top1]] : []));

const oneTorch = async () => (await loadEngine({ device: 'torch:cpu', threads: 1 })).engine;

demandTorch();

await describeOn('torch', oneTorch, () => {
  describe.skipIf(!isBuilt)('umt in several processes (skipped where pnpm build has not run)', () => {
    let folder = '';
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'umt-launchers-'));
    });
    afterAll(() => rm(folder, { recursive: true, force: true }));

    /** Writes a configuration and returns its path. */
    const written = async (config: { readonly output: string }) => {
      const path = `${config.output}.json`;
      await writeFile(path, JSON.stringify(config));
      return path;
    };
    const pretraining = (name: string) =>
      written(
        pretrainTiny({
          ...SMALL,
          data: { ...SMALL.data, path: CLIPS, workers: 0 },
          output: join(folder, name),
          schedule: { epochs: 1, warmupEpochs: 0 },
        }),
      );

    test('an engine without collectives is refused, before the others are waited for', async () => {
      const words = [BIN, 'pretrain', await pretraining('wasm'), '--device', 'wasm'];
      const { code, err } = await start(words, environmentOf(0, 2, 1)).ended;
      expect(err).toContain("umt: device 'wasm' cannot share a run among 2 processes: take --device torch");
      expect(code).toBe(2);
    });

    test.skipIf(torchVersion === null)(
      'torchrun: pre-training is shared, and rank 0 alone writes and reports (skipped without python3-torch)',
      async () => {
        const words = [BIN, 'pretrain', await pretraining('shared'), '--json'];
        const { code, out, err } = await (await torchrun(words, 2, join(folder, 'logs'))).ended;
        expect(code, err).toBe(0);
        const lines = out.trim().split('\n');
        expect(lines.filter((line) => !line.startsWith('[default0]:'))).toEqual([]);
        const types = eventsOf(out.replaceAll('[default0]:', '')).map(({ type }) => type);
        expect(types).toEqual(expect.arrayContaining(['start', 'step', 'evaluation', 'checkpoint', 'done', 'result']));
        const files = await readdir(join(folder, 'shared'));
        expect(files.filter((name) => name.startsWith('events.out')).length).toBe(1);
        expect(files).toEqual(
          expect.arrayContaining(['report.html', 'student.safetensors', 'log.jsonl', 'checkpoints']),
        );
      },
      240_000,
    );

    test('Slurm: fine-tuning in two processes that one is told to stop, gone on with by one, is that of one process', async () => {
      const list = async (name: string, videos: typeof SCENE_VIDEOS) => {
        const path = join(folder, name);
        await writeFile(path, videos.map((video) => JSON.stringify(video)).join('\n'));
        return path;
      };
      const [path, validation] = [await list('train.jsonl', SCENE_VIDEOS), await list('test.jsonl', SCENE_TESTS)];
      const config = (name: string) =>
        finetuneTiny({
          ...SMALL_FINETUNE,
          device: 'torch:cpu',
          data: { path, validation, classes: 3 },
          batch: { size: 2 },
          output: join(folder, name),
        });
      const inOneProcess = async (run: FinetuneConfig) => {
        const events: FinetuneEvent[] = [];
        const control = {
          emit: (event: FinetuneEvent) => void events.push(event),
          stopSignal: new AbortController().signal,
        };
        const { outcome } = await finetuneHere({ config: run, overwrite: false, program: 'umt' }, control);
        expect(outcome).toBe('done');
        return events;
      };
      const whole = await inOneProcess(config('alone'));

      const processes = await srun([BIN, 'finetune', await written(config('two')), '--json'], 2);
      const [zero, one] = processes;
      // the fourth step comes after a measurement
      zero?.child.stdout.on('data', (text: string) => {
        if (/"type":"step","step":4,/.test(text)) one?.child.kill('SIGINT');
      });
      const [first, second] = await Promise.all(processes.map(({ ended }) => ended));
      expect([first?.code, second?.code], first?.err).toEqual([0, 130]);
      expect(second?.out).toBe('');
      const shared = eventsOf(first?.out ?? '');
      expect(shared.at(-1)).toMatchObject({ type: 'result', outcome: 'stopped', rank: 0, validation: null });

      const rest = await inOneProcess(config('two'));
      expect(stepsOf(shared).length).toBeGreaterThan(3);
      expect(stepsOf(rest).length).toBeGreaterThan(0);
      expectSteps([...stepsOf(shared), ...stepsOf(rest)], stepsOf(whole));
      expect([...accuraciesOf(shared), ...accuraciesOf(rest)]).toEqual(accuraciesOf(whole));
    }, 240_000);
  });
});
