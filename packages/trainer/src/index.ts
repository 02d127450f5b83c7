export type { CheckpointEntry, CheckpointFile, CheckpointStore } from './checkpoint-store.ts';
