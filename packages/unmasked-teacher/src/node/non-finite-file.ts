import { fileSink, jsonLine, type AnyEvent, type LogSink } from '@umt/trainer';

/** A file of the steps that were not finite. */
export interface NonFiniteFile {
  /** An event handler: takes what it lists and passes over the rest. */
  readonly onEvent: (event: AnyEvent) => void;
  /** Resolves when everything is written. */
  readonly close: () => Promise<void>;
}

/**
 * Lists every step that was not finite with its samples, and every time that a run went back to a checkpoint, as lines of JSON. The
 * file is made when there is something to list. Of several processes each knows its own samples alone, so each has a file.
 *
 * @param path that of rank 0; others put their number in front of the extension
 */
export function nonFiniteFile(path: string, rank: number): NonFiniteFile {
  let sink: LogSink | null = null;
  const own = rank === 0 ? path : path.replace(/(\.\w+)?$/, `.rank${rank}$1`);
  return {
    onEvent(event) {
      if (event.type !== 'skipped' && event.type !== 'rollback') return;
      sink ??= fileSink(own);
      sink.write(new TextEncoder().encode(jsonLine(event, new Date())));
    },
    close: async () => sink?.close(),
  };
}
