export * from './index.ts';
export { openSafetensors } from './open.node.ts';
export { saveSafetensors } from './save.node.ts';
