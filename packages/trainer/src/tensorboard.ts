import { crc32c } from '@umt/crc';
import { isTrainingEvent, type AnyEvent, type StepEvent } from './events.ts';
import type { LogSink } from './log-sink.ts';

/** Name that TensorBoard looks for in a log folder. */
export function tensorBoardFileName(startSeconds: number, host: string, processId: number): string {
  return `events.out.tfevents.${Math.floor(startSeconds)}.${host}.${processId}.0`;
}

/**
 * Writes scalars as a TensorBoard event file, under the reference's heads: `loss/`, `opt/`, `perf/`. Begin a new file for
 * every start of a run, a resumed one too: TensorBoard then drops the steps that the resumed run repeats.
 *
 * @param now wall time in seconds since 1970
 * @returns an event handler
 */
export function tensorBoardLog(sink: LogSink, now: () => number = () => Date.now() / 1000): (event: AnyEvent) => void {
  sink.write(fileHeader(now()));
  return (event) => {
    if (!isTrainingEvent(event)) return;
    const time = now();
    if (event.type === 'start' && event.firstStep > 0) sink.write(sessionStart(time, event.firstStep + 1));
    if (event.type === 'step') sink.write(scalars(time, event.step, scalarsOf(event)));
  };
}

function scalarsOf(event: StepEvent): ReadonlyMap<string, number> {
  return new Map([
    ['loss/loss', event.loss],
    ...Object.entries(event.metrics).map(([name, value]): readonly [string, number] => [
      name.includes('/') ? name : `loss/${name}`,
      value,
    ]),
    ['opt/lr', event.learningRate],
    ['opt/weight_decay', event.weightDecay],
    ['opt/grad_norm', event.gradientNorm],
    ['perf/samples_per_second', event.samplesPerSecond],
    ['perf/data_wait_share', event.dataWaitShare],
  ]);
}

/** The first record of every event file. */
export function fileHeader(time: number): Uint8Array {
  return record(message(double(1, time), text(3, 'brain.Event:2')));
}

/** A record that says: what was written for this step and later ones before is void. */
export function sessionStart(time: number, step: number): Uint8Array {
  const START = 1;
  return record(message(double(1, time), integer(2, step), nested(7, integer(1, START))));
}

/** A record of scalar values at one step. */
export function scalars(time: number, step: number, values: ReadonlyMap<string, number>): Uint8Array {
  const summary = [...values].map(([tag, value]) => nested(1, message(text(1, tag), float(2, value))));
  return record(message(double(1, time), integer(2, step), nested(5, message(...summary))));
}

/** TFRecord framing: length, its masked CRC-32C, data, its masked CRC-32C; all little-endian. */
function record(data: Uint8Array): Uint8Array {
  const framed = new Uint8Array(8 + 4 + data.length + 4);
  const view = new DataView(framed.buffer);
  view.setBigUint64(0, BigInt(data.length), true);
  view.setUint32(8, maskedCrc(framed.subarray(0, 8)), true);
  framed.set(data, 12);
  view.setUint32(12 + data.length, maskedCrc(data), true);
  return framed;
}

function maskedCrc(bytes: Uint8Array): number {
  const crc = crc32c(bytes);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

// Protocol buffer fields: a key of field number and wire type, then the value.
const VARINT = 0;
const FIXED64 = 1;
const LENGTH_DELIMITED = 2;
const FIXED32 = 5;

function message(...fields: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(fields.reduce((total, field) => total + field.length, 0));
  let offset = 0;
  for (const field of fields) {
    bytes.set(field, offset);
    offset += field.length;
  }
  return bytes;
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Uint8Array.from([...bytes, rest]);
    bytes.push((rest % 128) | 128);
  }
}

const key = (field: number, wireType: number): Uint8Array => varint(field * 8 + wireType);

const integer = (field: number, value: number): Uint8Array => message(key(field, VARINT), varint(value));

function double(field: number, value: number): Uint8Array {
  return message(key(field, FIXED64), new Uint8Array(Float64Array.of(value).buffer));
}

function float(field: number, value: number): Uint8Array {
  return message(key(field, FIXED32), new Uint8Array(Float32Array.of(value).buffer));
}

function nested(field: number, content: Uint8Array): Uint8Array {
  return message(key(field, LENGTH_DELIMITED), varint(content.length), content);
}

const text = (field: number, value: string): Uint8Array => nested(field, new TextEncoder().encode(value));
