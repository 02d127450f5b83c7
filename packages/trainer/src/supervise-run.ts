import { RunError, WorkerDiedError } from './errors.ts';
import type { AnyEvent } from './events.ts';
import type { FromWorker, WorkerPort } from './run-protocol.ts';
import type { RunHandle, StartRunOptions } from './run.ts';

/** Runs the main thread's side of a run over any port. However the worker ends, `result` settles. */
export function superviseRun<Config, Result, Event extends AnyEvent>(
  port: WorkerPort,
  config: Config,
  { onEvent = () => {} }: StartRunOptions<Event>,
): RunHandle<Result> {
  let isReady = false;
  let isSettled = false;
  let stopIsWanted = false;
  const { promise: result, resolve, reject } = withResolvers<Result>();

  const fail = (error: unknown): void => {
    if (isSettled) return;
    isSettled = true;
    reject(error);
    void port.terminate();
  };

  const receive = (message: FromWorker): void => {
    if (isSettled) return;
    if (message.type === 'ready') {
      isReady = true;
      port.post({ type: 'start', config });
      if (stopIsWanted) port.post({ type: 'stop' });
    } else if (message.type === 'event') {
      onEvent(message.event as Event); // typed, as the result is, by the caller of the worker's function
    } else if (message.type === 'result') {
      isSettled = true;
      resolve(message.result as Result);
      port.retire();
    } else {
      isSettled = true;
      reject(new RunError(message.message, message.name, message.stack));
      port.retire();
    }
  };

  port.listen(
    (message) => {
      try {
        receive(message);
      } catch (error) {
        fail(error); // a configuration that cannot be cloned, or an event handler that throws
      }
    },
    (reason) => fail(new WorkerDiedError(`the worker of this run died: ${reason}`)),
  );

  return {
    result,
    stop() {
      stopIsWanted = true;
      if (isReady && !isSettled) port.post({ type: 'stop' });
    },
    async terminate() {
      fail(new WorkerDiedError('the worker of this run was terminated'));
      await port.terminate();
    },
  };
}

function withResolvers<T>(): {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (reason: unknown) => void;
} {
  let resolve: (value: T) => void = () => {};
  let reject: (reason: unknown) => void = () => {};
  const promise = new Promise<T>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  return { promise, resolve, reject };
}
