import { expect } from 'vitest';
import { CheckpointError, openCheckpoint } from '@umt/checkpoint';

const NAME = 'model.pth';

/** Opens bytes under a name and reads every tensor; the error of either, or undefined. */
export async function errorOf(bytes: Uint8Array): Promise<unknown> {
  try {
    const file = await openCheckpoint({
      name: NAME,
      byteLength: bytes.length,
      read: (begin, end) => Promise.resolve(bytes.subarray(begin, end)),
      close: () => Promise.resolve(),
    });
    for (const name of file.tensors.keys()) await file.read(name);
    return undefined;
  } catch (error) {
    return error;
  }
}

/** Holds the refusal against the rules for messages: one line, which names the file and the problem. */
export async function expectRefused(bytes: Uint8Array, problem: string | RegExp = ''): Promise<void> {
  const error = await errorOf(bytes);
  expect(error).toBeInstanceOf(CheckpointError);
  const { message } = error as CheckpointError;
  expect(message).toMatch(/^model\.pth: [^\n\r\u2028\u2029]+$/);
  expect(message).toMatch(problem);
}
