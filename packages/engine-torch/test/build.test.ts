import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { buildBridge } from '../src/node/build.ts';
import { bridgeFilesFor, compilerFlags } from '../src/node/bridge-files.ts';
import { runCommand } from '../src/node/command.ts';
import { findTorch } from '../src/node/find-torch.ts';
import { createTorchEngine, inspectTorch, TorchUnavailableError } from '../src/index.node.ts';
import * as browser from '../src/index.ts';

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'umt-torch-'));
  vi.stubEnv('XDG_CACHE_HOME', join(root, 'cache'));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(root, { recursive: true });
});

/** A folder that looks like torch 2.15, with or without its headers. */
function fakeTorch({ headers = true, version = [2, 15, 1], abi = '' } = {}): string {
  const folder = join(root, 'torch');
  const api = join(folder, 'include/torch/csrc/api/include/torch');
  for (const path of [join(folder, 'lib'), api, join(folder, 'share/cmake/Torch')])
    mkdirSync(path, { recursive: true });
  writeFileSync(join(folder, 'lib/libtorch_cpu.so'), '');
  writeFileSync(join(folder, 'share/cmake/Torch/TorchConfig.cmake'), abi);
  const [major, minor, patch] = version;
  const lines = { MAJOR: major, MINOR: minor, PATCH: patch };
  const text = Object.entries(lines).map(([part, value]) => `#define TORCH_VERSION_${part} ${value}\n`);
  if (headers) writeFileSync(join(api, 'version.h'), text.join(''));
  return folder;
}

async function run(...words: readonly string[]) {
  const [out, err]: [string[], string[]] = [[], []];
  const code = await runCommand(
    words,
    (line) => out.push(line),
    (line) => err.push(line),
  );
  return { code, out: out.join('\n'), err: err.join('\n') };
}

describe('finding torch', () => {
  it('LIBTORCH decides, and says version, ABI and what else there is', () => {
    const folder = fakeTorch();
    expect(findTorch({ LIBTORCH: folder })).toMatchObject({
      source: 'LIBTORCH',
      version: '2.15.1',
      libraries: join(folder, 'lib'),
      hasCxx11Abi: true,
      hasCuda: false,
      blas: { isReference: false },
    });
    writeFileSync(join(folder, 'lib/libtorch_cuda.so'), '');
    expect(findTorch({ LIBTORCH: folder }).hasCuda).toBe(true);
  });

  it('a python on the PATH is asked where it has torch, without importing it', () => {
    const folder = fakeTorch();
    const bin = join(root, 'bin');
    mkdirSync(bin);
    writeFileSync(join(bin, 'python'), `#!/bin/sh\necho ${folder}\n`, { mode: 0o755 });
    expect(findTorch({ PATH: bin })).toMatchObject({ source: 'python', libraries: join(folder, 'lib') });
  });

  it("a python whose torch links to the system's libraries leads to those", () => {
    const folder = fakeTorch();
    const linked = join(root, 'linked');
    mkdirSync(join(linked, 'lib'), { recursive: true });
    symlinkSync(join(folder, 'lib/libtorch_cpu.so'), join(linked, 'lib/libtorch_cpu.so'));
    const bin = join(root, 'linked-bin');
    mkdirSync(bin);
    writeFileSync(join(bin, 'python'), `#!/bin/sh\necho ${linked}\n`, { mode: 0o755 });
    const sourceOrReason = () => {
      try {
        return findTorch({ PATH: bin }).source;
      } catch (error) {
        return error instanceof TorchUnavailableError ? error.reason : error;
      }
    };
    expect(['system', 'torch']).toContain(sourceOrReason()); // 'torch' where the system has none
  });

  it('a wheel built with old strings, and a new one that needs C++20, are compiled for so', () => {
    const flags = 'set(TORCH_CXX_FLAGS "-D_GLIBCXX_USE_CXX11_ABI=0")';
    const old = findTorch({ LIBTORCH: fakeTorch({ version: [2, 5, 1], abi: flags }) });
    expect(compilerFlags(old)).toEqual(expect.arrayContaining(['-std=c++17', '-D_GLIBCXX_USE_CXX11_ABI=0']));
    const young = findTorch({ LIBTORCH: fakeTorch() });
    expect(compilerFlags(young)).toEqual(expect.arrayContaining(['-std=c++20', '-D_GLIBCXX_USE_CXX11_ABI=1']));
    expect(bridgeFilesFor(old).folder).not.toBe(bridgeFilesFor(young).folder);
  });

  it('the reference BLAS is told from a fast one by the file that the system links to', () => {
    const folder = fakeTorch();
    const link = join(folder, 'lib/libblas.so.3');
    for (const [name, isReference] of [
      ['openblas-openmp', false],
      ['blas', true],
    ] as const) {
      mkdirSync(join(root, name), { recursive: true });
      writeFileSync(join(root, name, 'libblas.so.3.11'), '');
      rmSync(link, { force: true });
      symlinkSync(join(root, name, 'libblas.so.3.11'), link);
      expect(findTorch({ LIBTORCH: folder }).blas.isReference).toBe(isReference);
    }
  });
});

describe('what is missing is said in one line', () => {
  const reasons = (f: () => unknown) => {
    try {
      f();
    } catch (error) {
      if (error instanceof TorchUnavailableError) return [error.reason, error.message];
    }
    return [];
  };

  it('torch, where LIBTORCH names another folder', () => {
    expect(reasons(() => findTorch({ LIBTORCH: root }))).toEqual([
      'torch',
      `torch: LIBTORCH is ${root}, where there is no lib/libtorch_cpu.so; name the folder of an unpacked libtorch or of python's torch`,
    ]);
  });

  it('headers', () => {
    const [reason, message] = reasons(() => findTorch({ LIBTORCH: fakeTorch({ headers: false }) }));
    expect(reason).toBe('headers');
    expect(message).toMatch(/not its headers .*; on Debian run: apt-get install libtorch-dev$/);
  });

  it('a compiler', async () => {
    vi.stubEnv('CXX', join(root, 'no-compiler'));
    await expect(buildBridge(findTorch({ LIBTORCH: fakeTorch() }))).rejects.toThrow(
      `torch: no C++ compiler: ${join(root, 'no-compiler')} is not on the PATH; run: apt-get install g++, or name one in CXX`,
    );
  });

  it('a torch that does not compile, with the first error and how to see all', async () => {
    const compiler = join(root, 'compiler');
    writeFileSync(compiler, '#!/bin/sh\necho "In file included from x:" >&2\necho "a.h:1: error: boom" >&2\nexit 1\n', {
      mode: 0o755,
    });
    vi.stubEnv('CXX', compiler);
    vi.stubEnv('LIBTORCH', fakeTorch());
    const { code, err } = await run('build', '--verbose');
    expect(code).toBe(1);
    expect(err).toContain('the bridge does not compile: a.h:1: error: boom; run npx @umt/engine-torch build --verbose');
    expect(err).toContain('In file included from x:');
    expect((await run('build')).err).not.toContain('In file included');
  });

  it('the build itself', async () => {
    vi.stubEnv('LIBTORCH', fakeTorch());
    expect((await inspectTorch()).bridge).toBeNull();
    await expect(createTorchEngine()).rejects.toThrow(
      'torch: the bridge to torch 2.15.1 is not built yet; run: npx @umt/engine-torch build',
    );
  });

  it('a bridge whose torch does not load', async () => {
    const folder = fakeTorch();
    vi.stubEnv('LIBTORCH', folder);
    const files = bridgeFilesFor(findTorch());
    mkdirSync(files.folder, { recursive: true });
    for (const file of [files.bridge, files.environment]) writeFileSync(file, 'no library');
    await expect(createTorchEngine()).rejects.toThrow(
      /^torch: torch 2\.15\.1 in .* does not load: .*(file too short|invalid ELF header)/,
    );
  });

  it('a GPU in browsers and anything else than Node', async () => {
    await expect(browser.createTorchEngine()).rejects.toThrow('runs in Node on Linux only');
    await expect(browser.inspectTorch()).rejects.toThrow(TorchUnavailableError);
  });
});

describe('the command', () => {
  it('explains itself, and refuses what it does not know', async () => {
    expect((await run('--help')).out).toContain('Usage: engine-torch build');
    expect(await run()).toMatchObject({ code: 2, err: expect.stringContaining('no command') });
    expect(await run('bild')).toMatchObject({ code: 2, err: expect.stringContaining("unknown command 'bild'") });
    expect(await run('build', '--fast')).toMatchObject({ code: 1, err: expect.stringContaining('--fast') });
  });
});
