import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  eventLine,
  formatBytes,
  formatCount,
  formatDuration,
  formatNumber,
  plainLine,
  progressLine,
  progressReporter,
  type PhaseEvent,
  type StepEvent,
  type TrainingEvent,
} from '../src/index.ts';

const step: StepEvent = {
  type: 'step',
  step: 120,
  totalSteps: 1000,
  epoch: 1,
  epochs: 10,
  loss: 0.123456,
  learningRate: 1e-3,
  weightDecay: 0.05,
  gradientNorm: 2.5,
  samplesPerSecond: 41.83,
  dataWaitShare: 0.034,
  secondsLeft: 3723,
  metrics: {},
};
const loading: PhaseEvent = { type: 'phase', phase: 'loading', detail: 'decoding clips', progress: 0.45 };
const loadingAt = (progress: number | null): PhaseEvent => ({ ...loading, progress });
const start: TrainingEvent = {
  type: 'start',
  firstStep: 0,
  totalSteps: 1000,
  stepsPerEpoch: 100,
  epochs: 10,
  effectiveBatchSize: 2048,
  trainableParameters: 88_005_888,
  device: 'wasm, 2 threads',
};

describe('the changing line', () => {
  it('shows everything where there is room, less where there is less', () => {
    const at = (columns: number) => progressLine(step, { columns, color: false });
    expect(at(130)).toBe(
      '████░░░░░░░░░░░░░░░░░░░░░░░░░░  step  120/1000  epoch 2/10  loss 0.1235  41.83 samples/s  data wait 3 %  1:02:03 left',
    );
    expect(at(80)).toBe('██░░░░░░░░░░░░░░░░░  step  120/1000  loss 0.1235  41.83 samples/s  1:02:03 left');
    expect(at(60)).toBe('██░░░░░░░░░░░░░░  step  120/1000  loss 0.1235  1:02:03 left');
    expect(at(40)).toBe('█░░░░░░░░░  step  120/1000  loss 0.1235');
    expect(at(24)).toBe('step  120/1000');
    expect(at(10)).toBe('step  120');
  });

  it('fits any width with any numbers', () => {
    const numbers = fc.record({
      loss: fc.double(),
      samplesPerSecond: fc.double({ min: 0, max: 1e9 }),
      secondsLeft: fc.double({ min: 0, max: 1e9 }),
      dataWaitShare: fc.double({ min: 0, max: 1, noNaN: true }),
      step: fc.nat(100000),
    });
    fc.assert(
      fc.property(numbers, fc.integer({ min: 2, max: 200 }), (values, columns) => {
        const line = progressLine({ ...step, ...values, totalSteps: 100000 }, { columns, color: false });
        expect(line.length).toBeLessThan(columns);
        expect(line.length).toBeGreaterThan(0);
      }),
    );
  });

  it('shows how far loading is, or only what is done where the end is not known', () => {
    expect(progressLine(loading, { columns: 60, color: false })).toBe(
      '██████████████░░░░░░░░░░░░░░░░  loading: decoding clips',
    );
    expect(progressLine(loadingAt(null), { columns: 60, color: false })).toBe('loading: decoding clips');
  });

  it('is colored only where asked, and by the bar alone', () => {
    const colored = progressLine(step, { columns: 80, color: true });
    expect(colored).toContain('\u001b[36m█');
    // eslint-disable-next-line no-control-regex
    expect(colored.replace(/\u001b\[\d+m/g, '')).toBe(progressLine(step, { columns: 80, color: false }));
  });
});

describe('lines that stay', () => {
  it.each<[TrainingEvent, string | null]>([
    [start, 'training 88.0 M parameters on wasm, 2 threads: 1000 steps of 2048 samples, 100 per epoch'],
    [
      { ...start, firstStep: 500 },
      'training 88.0 M parameters on wasm, 2 threads: 1000 steps of 2048 samples, 100 per epoch, going on after step 500',
    ],
    [step, null],
    [loading, null],
    [
      {
        type: 'skipped',
        step: 7,
        epoch: 0,
        loss: NaN,
        gradientNorm: Infinity,
        learningRate: 1,
        consecutive: 2,
        total: 3,
        samples: [],
      },
      'step 7 skipped: loss NaN, gradient norm Infinity, 2 in a row',
    ],
    [
      {
        type: 'skipped',
        step: 7,
        epoch: 0,
        loss: NaN,
        gradientNorm: NaN,
        learningRate: 1,
        consecutive: 1,
        total: 1,
        samples: ['a.mp4', 'b.mp4', 'c.mp4', 'd.mp4', 'e.mp4'],
      },
      'step 7 skipped: loss NaN, gradient norm NaN (a.mp4, b.mp4, c.mp4 and 2 more)',
    ],
    [
      { type: 'rollback', step: 9, toStep: 5, rollBacks: 1, maxRollBacks: 3, skipped: [] },
      'back to the checkpoint of step 5: 0 steps in a row up to step 9 were not finite; going on with the batches after them (1 of at most 3 times)',
    ],
    [
      { type: 'epoch', epoch: 0, epochs: 3, step: 5, loss: 0.5, metrics: { cosine: 0.25 }, seconds: 61 },
      'epoch 1/3: loss 0.5000, cosine 0.2500, 1:01',
    ],
    [
      { type: 'checkpoint', step: 5, bytes: 12_345_678, seconds: 0.44, stallSeconds: 0.01, place: 'runs/tiny' },
      'checkpoint of step 5 in runs/tiny (12.3 MB, 0.4 s)',
    ],
    [
      { type: 'checkpoint', step: 5, bytes: 12_345_678, seconds: 0.44, stallSeconds: 0.21, place: 'runs/tiny' },
      'checkpoint of step 5 in runs/tiny (12.3 MB, 0.4 s, training waited 0.2 s)',
    ],
    [{ type: 'warning', message: 'mind the gap' }, 'warning: mind the gap'],
    [{ type: 'done', step: 15, seconds: 3.2, skippedSteps: 0 }, 'done: 15 steps in 3 s'],
    [{ type: 'done', step: 15, seconds: 3.2, skippedSteps: 2 }, 'done: 15 steps in 3 s, 2 skipped'],
    [
      { type: 'stopped', step: 7, totalSteps: 15, seconds: 1, checkpointStep: 7 },
      'stopped after step 7 of 15; start it again to go on',
    ],
    [
      { type: 'stopped', step: 7, totalSteps: 15, seconds: 1, checkpointStep: null },
      'stopped after step 7 of 15; nothing was saved',
    ],
  ])('tell of an event in words: %j', (event, line) => {
    expect(eventLine(event)).toBe(line);
  });

  it('tell of steps and phases where nothing can change', () => {
    expect(plainLine(step)).toBe(
      'step  120/1000, epoch 2/10, loss 0.1235, 41.83 samples/s, data wait 3 %, 1:02:03 left',
    );
    expect(plainLine(loading)).toBe('loading: decoding clips, 45 %');
  });
});

/** A stream that remembers, and a clock that a test moves. */
function recorder(terminal: { readonly isTTY?: boolean; readonly columns?: number }) {
  const written: string[] = [];
  const clock = { seconds: 0 };
  const stream = { write: (text: string) => written.push(text), ...terminal };
  return { written, clock, stream, now: () => clock.seconds };
}

const saving: PhaseEvent = { type: 'phase', phase: 'saving', detail: 'checkpoint of step 121', progress: null };
const saved: TrainingEvent = {
  type: 'checkpoint',
  step: 121,
  bytes: 1000,
  seconds: 0.1,
  stallSeconds: 0,
  place: 'here',
};

describe('in a terminal', () => {
  const CLEAR = '\r\u001b[2K';

  it('redraws one line, keeps others above it, and takes the line away at the end', () => {
    const { written, clock, stream, now } = recorder({ isTTY: true, columns: 40 });
    const { onEvent, close } = progressReporter({ stream, now, environment: { NO_COLOR: '1' } });
    onEvent(start);
    onEvent(loading);
    onEvent(loadingAt(0.46)); // too soon after the last one
    clock.seconds = 1;
    onEvent(loadingAt(0.5));
    onEvent(step);
    onEvent(saving);
    onEvent(saved);
    close();
    const bar = (share: string, text: string) => `${CLEAR}${share}  ${text}`;
    const atStep = bar('█░░░░░░░░░', 'step  120/1000  loss 0.1235');
    expect(written).toEqual([
      `${eventLine(start)}\n`,
      bar('██████░░░░░░░░', 'loading: decoding clips'),
      bar('███████░░░░░░░', 'loading: decoding clips'),
      atStep,
      `${CLEAR}saving: checkpoint of step 121`,
      CLEAR,
      'checkpoint of step 121 in here (1.00 kB, 0.1 s)\n',
      atStep,
      CLEAR,
    ]);
  });

  it.each([
    [{}, true],
    [{ NO_COLOR: '' }, true],
    [{ NO_COLOR: '1' }, false],
  ])('has colors with the environment %j: %s', (environment, expected) => {
    const { written, stream, now } = recorder({ isTTY: true, columns: 80 });
    progressReporter({ stream, now, environment }).onEvent(step);
    expect(written.join('').includes('\u001b[36m')).toBe(expected);
  });
});

describe('where there is no terminal', () => {
  it.each([
    ['a pipe', {}, {}],
    ['a terminal that cannot move its cursor', { isTTY: true }, { TERM: 'dumb' }],
  ])('writes plain lines now and then: %s', (_what, terminal, environment) => {
    const { written, clock, stream, now } = recorder(terminal);
    const { onEvent, line, close } = progressReporter({ stream, now, environment, plainSeconds: 10 });
    const at = (seconds: number, event: TrainingEvent) => {
      clock.seconds = seconds;
      onEvent(event);
    };
    at(0, loading);
    at(1, loadingAt(0.6));
    at(2, { type: 'phase', phase: 'training', detail: '', progress: null });
    at(3, step);
    at(4, { ...step, step: 121 });
    at(5, saving);
    at(5, saved);
    at(6, { ...step, step: 122 });
    at(14, { ...step, step: 123 });
    at(15, { ...step, step: 1000 });
    line('a line of my own');
    at(16, { type: 'done', step: 1000, seconds: 16, skippedSteps: 0 });
    close();
    for (const control of ['\r', '\u001b']) expect(written.join('')).not.toContain(control);
    expect(written.map((text) => text.split(',')[0]?.trim())).toEqual([
      'loading: decoding clips',
      'step  120/1000',
      'checkpoint of step 121 in here (1.00 kB',
      'step  123/1000',
      'step 1000/1000',
      'a line of my own',
      'done: 1000 steps in 16 s',
    ]);
  });
});

describe('numbers in words', () => {
  it.each([
    [formatNumber(0), '0.0000'],
    [formatNumber(12.3456), '12.35'],
    [formatNumber(-1234.5), '-1235'],
    [formatNumber(1.234e-5), '1.2e-5'],
    [formatNumber(123456), '1.2e5'],
    [formatNumber(NaN), 'NaN'],
    [formatDuration(59.4), '59 s'],
    [formatDuration(59.6), '1:00'],
    [formatDuration(3599), '59:59'],
    [formatDuration(7384), '2:03:04'],
    [formatDuration(3 * 86400 + 4 * 3600), '3 d 4 h'],
    [formatDuration(Infinity), '?'],
    [formatBytes(812), '812 B'],
    [formatBytes(999_600), '1.00 MB'],
    [formatBytes(1.2345e9), '1.23 GB'],
    [formatCount(17), '17'],
    [formatCount(1210), '1.21 k'],
    [formatCount(88_005_888), '88.0 M'],
  ])('%s', (actual, expected) => {
    expect(actual).toBe(expected);
  });
});
