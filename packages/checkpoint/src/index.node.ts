export * from './index.ts';
export { openCheckpoint, openSafetensors } from './open.node.ts';
export { saveSafetensors } from './save.node.ts';
