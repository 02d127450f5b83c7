import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSafetensors } from '@umt/checkpoint';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readLog } from '../src/node/read-log.ts';
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

describe.skipIf(!isBuilt)('the program umt (skipped where pnpm build has not run)', () => {
  let folder: string;
  let config: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'umt-cli-'));
    await mkdir(join(folder, 'videos'));
    for (const name of ['box-1', 'box-2', 'cup-1', 'tree-1'])
      await cp(`${CLIPS}/${name}.mp4`, join(folder, 'videos', `${name}.mp4`));
    config = join(folder, 'small.json');
    const data = { ...SMALL.data, heldOut: 1, path: join(folder, 'videos') };
    await writeFile(config, JSON.stringify({ recipe: 'tiny', device: 'wasm', ...SMALL, data }));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test('starts: its help names the program as it was called', async () => {
    const { out, code } = await umt(['--help']);
    expect(out).toContain('node packages/unmasked-teacher/dist/bin.js devices');
    expect(code).toBe(0);
  });

  test('tells what went wrong in its worker in one line, and the stack only when asked', async () => {
    const words = ['pretrain', '--data', CLIPS, '--teacher', 'none.safetensors'];
    expectOneLine(await umt(words, { cwd: folder }), 'none.safetensors: there is no such file', 1);
    expect((await umt([...words, '--verbose'], { cwd: folder })).err).toMatch(/^\s+at /m);
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

    describe('that is ended and started again', () => {
      const words = () => ['pretrain', config, '--epochs', '25', '--json', '--report.evaluate-every-steps', 'none'];
      /** Runs until so many steps of this start are reported, then sends a signal. */
      const runFor = (steps: number, signal: NodeJS.Signals, folderName: string) => {
        let taken = 0;
        return umt([...words(), '--output', output(folderName)], {
          onLine: (line, send) => {
            if (line.includes('"type":"step"') && ++taken === steps) send(signal);
          },
        });
      };
      let whole: CliResult;
      beforeAll(async () => {
        whole = await umt([...words(), '--output', output('whole')]);
      }, 60_000);

      test('with --json prints events alone, people read on standard error', () => {
        const types = eventsOf(whole).map((event) => event['type']);
        expect(types.filter((type) => type === 'step')).toHaveLength(75);
        expect(types).toContain('evaluation');
        expect(types.at(-1)).toBe('result');
        expect(whole.err).toContain('step 75/75');
      });

      test('by a kill, then by Ctrl-C with a checkpoint and code 130, it goes on each time with the losses of a run that was never ended, and every step is reported once', async () => {
        const killAt = 8 + Math.floor(Math.random() * 17);
        const killed = await runFor(killAt, 'SIGKILL', 'ended');
        expect(killed.code).toBeNull();

        const stopped = await runFor(5, 'SIGINT', 'ended');
        expect(stopped.code).toBe(130);
        expect(stopped.err).toContain('stopping after this step; Ctrl-C again quits at once');
        const event = eventsOf(stopped).find(({ type }) => type === 'stopped');
        expect(event?.['checkpointStep']).toBe(event?.['step']);
        expect(await readFile(join(output('ended'), 'report.html'), 'utf8')).toContain('Go on from the checkpoint');

        // from here on with decoding threads
        const rest = await umt(['pretrain', join(output('ended'), 'config.json'), '--json', '--data.workers', '2']);
        expect(rest.code).toBe(0);
        expect(losses(stopped).length).toBeGreaterThan(4);
        expect(losses(rest).length).toBeGreaterThan(0);
        const expected = losses(whole);
        const afterKill = [...losses(stopped), ...losses(rest)];
        expect(afterKill.length, `killed at step ${killAt}`).toBeLessThan(expected.length);
        expect(afterKill, `killed at step ${killAt}`).toEqual(expected.slice(expected.length - afterKill.length));
        const { steps } = await readLog(join(output('ended'), 'log.jsonl'));
        expect(
          steps.map((point) => [point.step, point.loss]),
          `killed at step ${killAt}`,
        ).toEqual(expected);
      });
    });

    test('is refused where another run has the folder, in one line that names its process', async () => {
      const second: Promise<CliResult>[] = [];
      const words = ['pretrain', config, '--output', output('shared'), '--epochs', '200', '--json'];
      const first = await umt(words, {
        onLine: (line, send) => {
          if (!line.includes('"type":"step"') || second.length > 0) return;
          second.push(umt([...words, '--overwrite']).finally(() => send('SIGTERM')));
        },
      });
      expect(first.code).toBe(143);
      const [refused] = await Promise.all(second);
      if (!refused) throw new Error('there was no second run');
      expectOneLine(
        refused,
        /shared is in use by another run, process \d+ on \S+ since [^;]+; wait for it, stop it/,
        1,
      );
      expect((await readdir(output('shared'))).sort()).toContain('student.safetensors');
      expect(await readdir(output('shared'))).not.toContain('run.lock');
    });

    test('that diverges ends with one line and a file that names the videos of its bad steps', async () => {
      const words = ['--optimizer.learning-rate', '1e30', '--divergence.skipped-steps', '2'];
      const run = await umt(['pretrain', config, '--output', output('diverged'), ...words]);
      expectOneLine(run, /training has diverged: \d steps in a row were not finite/, 1);
      const lines = (await readFile(join(output('diverged'), 'nonfinite.jsonl'), 'utf8')).trim().split('\n');
      const [bad] = lines.map((line) => JSON.parse(line) as { readonly type: string; readonly samples: string[] });
      expect(bad?.type).toBe('skipped');
      expect(bad?.samples.length).toBeGreaterThan(0);
      for (const sample of bad?.samples ?? []) expect(sample).toMatch(/\.mp4$/);
    });

    test('--overwrite starts anew', async () => {
      const words = ['pretrain', config, '--output', output('first'), '--steps', '2', '--overwrite', '--json'];
      expect(losses(await umt(words))).toHaveLength(2);
    });
  });
});
