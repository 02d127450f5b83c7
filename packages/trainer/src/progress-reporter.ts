import { isTrainingEvent, type AnyEvent, type StepEvent } from './events.ts';
import { eventLine, plainLine, progressLine, type ProgressView } from './progress-text.ts';

/** The part of a terminal's stream that is used: `process.stdout` and `process.stderr` have it. */
export interface TextStream {
  /** Writes text as it is. */
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** Options of `progressReporter`. */
export interface ProgressOptions {
  readonly stream: TextStream;
  /** The environment, `process.env`: a `NO_COLOR` that is not empty turns colors off, `TERM=dumb` the changing line. Default empty. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Where the stream is no terminal: seconds between two lines. Default 10. */
  readonly plainSeconds?: number;
  /** Seconds from any fixed moment. Default `performance.now() / 1000`. */
  readonly now?: () => number;
}

/** Shows a run to people. */
export interface ProgressReporter {
  /** An event handler. A program's own events are passed over: show them with `line`. */
  readonly onEvent: (event: AnyEvent) => void;
  /** Writes a line of your own, above the changing one. */
  line(text: string): void;
  /** Takes the changing line away; call it before anything else is written to the stream. */
  close(): void;
}

/** A terminal is redrawn at most this often. */
const REDRAW_SECONDS = 0.08;
const CLEAR_LINE = '\r\u001b[2K';
const FALLBACK_COLUMNS = 80;

/**
 * One changing line with bar, loss, samples per second, share of the time spent waiting for data and time left, under
 * lines that stay; where the stream is no terminal, plain lines now and then.
 */
export function progressReporter(options: ProgressOptions): ProgressReporter {
  const { stream, environment = {}, plainSeconds = 10, now = () => performance.now() / 1000 } = options;
  const isTerminal = stream.isTTY === true && environment['TERM'] !== 'dumb';
  const color = isTerminal && !environment['NO_COLOR'];
  let view: ProgressView | null = null;
  let lastStep: StepEvent | null = null;
  let isDrawn = false;
  let shownAt = -Infinity;

  const clear = (): void => {
    if (isDrawn) stream.write(CLEAR_LINE);
    isDrawn = false;
  };
  const draw = (): void => {
    if (!view) return;
    const text = progressLine(view, { columns: stream.columns || FALLBACK_COLUMNS, color });
    stream.write(`${CLEAR_LINE}${text}`);
    isDrawn = true;
    shownAt = now();
  };
  const line = (text: string): void => {
    clear();
    stream.write(`${text}\n`);
    if (isTerminal) draw();
  };
  const show = (next: ProgressView): void => {
    const isNewPhase = next.type === 'phase' && (view?.type !== 'phase' || view.detail !== next.detail);
    const isFirstOrLast = next.type === 'step' && (!lastStep || next.step === next.totalSteps);
    const isDue = now() - shownAt >= (isTerminal ? REDRAW_SECONDS : plainSeconds);
    view = next;
    if (next.type === 'step') lastStep = next;
    if (!isNewPhase && !isFirstOrLast && !isDue) return;
    if (isTerminal) return draw();
    // Without a changing line, a phase that has nothing to add or that ends in a line of its own is not worth one.
    if (next.type === 'phase' && (next.detail === '' || next.phase === 'saving')) return;
    shownAt = now();
    stream.write(`${plainLine(next)}\n`);
  };
  return {
    onEvent(event) {
      if (!isTrainingEvent(event)) return;
      if (event.type === 'phase' || event.type === 'step') show(event);
      const text = eventLine(event);
      if (event.type === 'checkpoint') view = lastStep;
      if (event.type === 'done' || event.type === 'stopped') view = null;
      if (text !== null) line(text);
    },
    line,
    close() {
      clear();
      view = null;
    },
  };
}
