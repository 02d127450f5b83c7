import type { AnyEvent } from './events.ts';
import type { LogSink } from './log-sink.ts';

/**
 * One event as a line of JSON: `time` (ISO 8601), then the event's own fields. Numbers that JSON cannot hold become the
 * strings "NaN", "Infinity" and "-Infinity".
 */
export function jsonLine(event: AnyEvent, time: Date): string {
  const fields = JSON.stringify({ time: time.toISOString(), ...event }, (_key, value: unknown) =>
    typeof value === 'number' && !Number.isFinite(value) ? String(value) : value,
  );
  return `${fields}\n`;
}

/**
 * Writes every event but passing progress as a line of JSON, a program's own events too. A run that was killed and resumed repeats the steps after its
 * checkpoint: of two lines for a step the later one counts.
 *
 * @returns an event handler
 */
export function jsonLinesLog(sink: LogSink, now: () => Date = () => new Date()): (event: AnyEvent) => void {
  const encoder = new TextEncoder();
  return (event) => {
    if (event.type !== 'phase') sink.write(encoder.encode(jsonLine(event, now())));
  };
}
