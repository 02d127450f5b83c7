import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  fileSink,
  jsonLine,
  jsonLinesLog,
  tensorBoardFileName,
  tensorBoardLog,
  type LogSink,
  type TrainingEvent,
} from '../src/index.node.ts';
import { fileHeader, scalars, sessionStart } from '../src/tensorboard.ts';
import fixture from './fixtures/tensorboard.json' with { type: 'json' };
import { temporaryFolder } from './support/temporary-folder.ts';
import { runTiny } from './support/tiny-run.ts';

function memorySink(): LogSink & { readonly chunks: Uint8Array[] } {
  const chunks: Uint8Array[] = [];
  return { chunks, write: (bytes) => void chunks.push(bytes), close: () => Promise.resolve() };
}

const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');

describe('TensorBoard files', () => {
  it('hold the same bytes as those of TensorBoard itself', () => {
    expect(base64(fileHeader(1700000000.25))).toBe(fixture.header);
    expect(base64(sessionStart(1700000001.5, 501))).toBe(fixture.sessionStart);
    const values = new Map([
      ['loss/loss', 0.123456],
      ['loss/clip', Infinity],
      ['opt/lr', 1.5e-4],
      ['perf/samples_per_second', 12345.678],
    ]);
    expect(base64(scalars(1700000002.75, 70000, values))).toBe(fixture.scalars);
  });

  it('carry a run under the heads of the reference', async () => {
    const sink = memorySink();
    await runTiny({ maxSteps: 2 }, {}, { onEvent: tensorBoardLog(sink, () => 1700000000) });
    const text = sink.chunks.map((chunk) => Buffer.from(chunk).toString('latin1'));
    expect(text.length).toBe(1 + 2);
    for (const tag of ['loss/loss', 'loss/bias', 'opt/lr', 'opt/weight_decay', 'opt/grad_norm', 'perf/data_wait_share'])
      expect(text[1]).toContain(tag);
  });

  it('void the steps that a resumed run repeats', () => {
    const sink = memorySink();
    const log = tensorBoardLog(sink, () => 1700000001.5);
    const start: TrainingEvent = {
      type: 'start',
      firstStep: 500,
      totalSteps: 1000,
      stepsPerEpoch: 10,
      epochs: 100,
      effectiveBatchSize: 4,
      trainableParameters: 1,
      device: '',
    };
    log(start);
    expect(base64(sink.chunks[1] ?? new Uint8Array())).toBe(fixture.sessionStart);
  });

  it('have a name that TensorBoard looks for', () => {
    expect(tensorBoardFileName(1700000000.9, 'host', 42)).toBe('events.out.tfevents.1700000000.host.42.0');
  });
});

describe('JSON lines', () => {
  const time = new Date('2024-05-06T07:08:09.123Z');

  it('are one object each, and hold every event but passing progress', async () => {
    const sink = memorySink();
    const events: TrainingEvent[] = [];
    const log = jsonLinesLog(sink, () => time);
    const onEvent = (event: TrainingEvent) => {
      events.push(event);
      log(event);
    };
    await runTiny({}, { factor: (step) => (step === 3 ? NaN : 1) }, { onEvent });
    const lines = sink.chunks.map((chunk) => new TextDecoder().decode(chunk));
    expect(lines.every((line) => line.endsWith('}\n') && line.indexOf('\n') === line.length - 1)).toBe(true);
    const expected = events.filter((event) => event.type !== 'phase' && event.type !== 'skipped');
    const parsed = lines.map((line) => JSON.parse(line) as { readonly type: string });
    expect(parsed.filter(({ type }) => type !== 'skipped')).toEqual(
      expected.map((event) => ({ time: time.toISOString(), ...event })),
    );
    expect(parsed.find(({ type }) => type === 'skipped')).toMatchObject({ step: 4, loss: 'NaN' });
  });

  it('take the events of the program around the trainer, which the other handlers pass over', () => {
    const evaluation = { type: 'evaluation', step: 7, score: 0.5 };
    const [lines, board] = [memorySink(), memorySink()];
    jsonLinesLog(lines, () => time)(evaluation);
    tensorBoardLog(board)(evaluation);
    expect(JSON.parse(new TextDecoder().decode(lines.chunks[0]))).toEqual({ time: time.toISOString(), ...evaluation });
    expect(board.chunks.length).toBe(1);
  });

  it('keep numbers that JSON cannot hold as words', () => {
    const event: TrainingEvent = { type: 'done', step: 1, seconds: -Infinity, skippedSteps: 0 };
    expect(jsonLine(event, time)).toBe(
      '{"time":"2024-05-06T07:08:09.123Z","type":"done","step":1,"seconds":"-Infinity","skippedSteps":0}\n',
    );
  });
});

describe('a log file', () => {
  const bytes = (text: string) => new TextEncoder().encode(text);

  it('is appended to, in a folder that is made', async () => {
    const path = join(await temporaryFolder(), 'a', 'b', 'log.jsonl');
    for (const text of ['one\n', 'two\n']) {
      const sink = fileSink(path);
      sink.write(bytes(text));
      await sink.close();
    }
    expect(await readFile(path, 'utf8')).toBe('one\ntwo\n');
  });

  it('that cannot be written is reported with its path', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'file'), '');
    expect(() => fileSink(join(folder, 'file', 'log.jsonl'))).toThrow(/file/);
    const sink = fileSink(folder);
    sink.write(bytes('lost'));
    await expect(sink.close()).rejects.toThrow(new RegExp(`the log ${folder} cannot be written: EISDIR`));
  });
});
