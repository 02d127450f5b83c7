import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeFolder } from '../src/node/make-folder.ts';

describe('makeFolder', () => {
  it('makes a folder with its parents, and leaves one that is there alone', async () => {
    const root = mkdtempSync(join(tmpdir(), 'make-folder-'));
    try {
      const path = join(root, 'a', 'b', 'c');
      await makeFolder(path);
      await makeFolder(path);
      expect(statSync(path).isDirectory()).toBe(true);
    } finally {
      rmSync(root, { recursive: true });
    }
  });

  it('refuses a path below a file', async () => {
    const root = mkdtempSync(join(tmpdir(), 'make-folder-'));
    try {
      writeFileSync(join(root, 'file'), '');
      await expect(makeFolder(join(root, 'file', 'folder'))).rejects.toThrow('ENOTDIR');
    } finally {
      rmSync(root, { recursive: true });
    }
  });

  it.skipIf(!existsSync('/proc/self'))('ends where a parent can hold no folder', async () => {
    await expect(makeFolder('/proc/folder/inside')).rejects.toThrow('/proc');
  });
});
