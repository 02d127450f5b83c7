export * from './index.ts';
export { lockFolder } from './folder-lock.node.ts';
export { folderStore } from './folder-store.node.ts';
export { fileSink } from './log-sink.node.ts';
export { serveRun } from './serve-run.node.ts';
export { startRun } from './start-run.node.ts';
export { stopOnSignals } from './stop-on-signals.node.ts';
