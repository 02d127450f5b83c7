import type { AnyEvent, TrainingEvent } from './events.ts';
import type { ParentPort } from './run-protocol.ts';
import type { RunControl } from './run.ts';

/** What a worker does: one run, from its configuration to its result. */
export type RunFunction<Config, Result, Event extends AnyEvent = TrainingEvent> = (
  config: Config,
  control: RunControl<Event>,
) => Result | Promise<Result>;

/** Runs the worker's side of a run over any port: waits for the configuration, then answers with a result or an error. */
export function answerRun<Config, Result, Event extends AnyEvent>(
  port: ParentPort,
  run: RunFunction<Config, Result, Event>,
  lock: string | null = null,
): void {
  const stop = new AbortController();
  const control: RunControl<Event> = {
    stopSignal: stop.signal,
    emit: (event) => port.post({ type: 'event', event }),
  };
  const answer = async (config: Config): Promise<void> => {
    try {
      port.post({ type: 'result', result: await run(config, control) });
    } catch (error) {
      const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
      port.post({ type: 'error', name, message, stack });
    }
    port.close();
  };
  port.listen((message) => {
    if (message.type === 'stop') stop.abort();
    else void answer(message.config as Config); // typed by whoever started the run
  });
  port.post({ type: 'ready', lock });
}
