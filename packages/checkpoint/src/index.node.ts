export * from './index.ts';
export { openCheckpoint, openSafetensors } from './open.node.ts';
export { savePytorch, saveSafetensors } from './save.node.ts';
