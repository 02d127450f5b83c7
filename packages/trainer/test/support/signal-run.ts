// A program of its own, as a command line tool would be: one run in a worker, stopped by signals.
import { pathToFileURL } from 'node:url';
import { startRun, stopOnSignals } from '../../src/index.node.ts';

const [worker = '', order = ''] = process.argv.slice(2);
const run = startRun<string, unknown>(pathToFileURL(worker), order, { onEvent: () => console.log('running') });
const watch = stopOnSignals(run, (signal) => console.log(`stopping after ${signal}`));
console.log(`result ${String(await run.result)}`);
watch.dispose();
process.exitCode = watch.exitCode;
