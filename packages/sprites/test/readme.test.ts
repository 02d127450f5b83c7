import { fileURLToPath } from 'node:url';
import { expect, it, vi } from 'vitest';

it('the README example renders and describes a clip', async () => {
  const print = vi.spyOn(console, 'log').mockImplementation(() => undefined);
  try {
    await import(fileURLToPath(new URL('../README.example.ts', import.meta.url)));
    expect(print.mock.calls.map(([printed]) => printed as unknown)).toEqual([
      '16 frames of 96 x 96, 442368 bytes; backwards it is pull',
      'In this video, a chicken comes up to a blue heart and shoves it along.',
      { question: 'What happens in the video?', answer: 'push' },
      28 / 48,
    ]);
  } finally {
    print.mockRestore();
  }
});
