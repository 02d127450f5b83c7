import { execFile, execFileSync } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

/** The Python that Debian's python3-torch is for: another one may come first on the path. */
export const PYTHON = '/usr/bin/python3';

function version(): string | null {
  try {
    return execFileSync(PYTHON, ['-c', 'import torch; print(torch.__version__)'], { stdio: 'pipe' }).toString().trim();
  } catch {
    return null;
  }
}

/** PyTorch's version; null where it is not installed, and tests with it are left out. */
export const torchVersion = version();

/** Registers a test that fails where PyTorch is missing although the environment asks for every engine, as CI does. */
export function demandTorch(): void {
  test.runIf(process.env['UMT_REQUIRE_ENGINES'] === '1')('PyTorch is here (UMT_REQUIRE_ENGINES asks for it)', () => {
    expect(torchVersion, `${PYTHON} cannot import torch: install python3-torch`).not.toBeNull();
  });
}

/** Runs a script with PyTorch and returns what it printed. */
export async function python(...words: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(PYTHON, [...words], { maxBuffer: 1 << 28 });
  return stdout;
}
