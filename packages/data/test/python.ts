import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';

/** Debian's Python, whatever comes first on the path. */
const PYTHON = '/usr/bin/python3';

function imports(modules: readonly string[]): boolean {
  try {
    execFileSync(PYTHON, ['-c', `import ${modules.join(', ')}`], { stdio: 'pipe' });
    return true;
  } catch {
    return false;
  }
}

/** Whether NumPy and Pillow are here; tests with them are left out where they are not. */
export const hasPillow = imports(['numpy', 'PIL']);

/** Registers a test that fails where they are missing although the environment asks for every engine, as CI does. */
export function demandPillow(): void {
  test.runIf(process.env['UMT_REQUIRE_ENGINES'] === '1')('Pillow is here (UMT_REQUIRE_ENGINES asks for it)', () => {
    expect(hasPillow, `${PYTHON} cannot import PIL and numpy: install python3-pil, python3-numpy`).toBe(true);
  });
}

/** Runs a script and returns what it printed, as JSON. */
export function python(script: string, ...words: readonly string[]): unknown {
  return JSON.parse(execFileSync(PYTHON, ['-c', script, ...words], { maxBuffer: 1 << 28, encoding: 'utf8' }));
}
