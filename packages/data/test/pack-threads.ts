import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { allPackages, sourceOf } from '../../../scripts/workspace.mjs';

const here = (file: string) => fileURLToPath(new URL(file, import.meta.url));
const CLIPS = here('../../../assets/clips');

/** An event that the program printed. */
export type Printed = Readonly<Record<string, unknown>> & { readonly type: string };

/** The packer as a program of its own, with its threads. */
export class PackProgram {
  /** A folder for what tests write. */
  readonly folder: string;

  constructor() {
    // Inside the package, so that what is not bundled is found.
    this.folder = mkdtempSync(here('../node_modules/.umt-pack-'));
  }

  /** Bundles it, and makes a folder of eight small videos, one of them broken. */
  async prepare(): Promise<void> {
    const resolve = createRequire(here('../../video/package.json')).resolve;
    await build({
      entryPoints: [here('pack-program.ts'), here('../src/shard-worker.node.ts')],
      entryNames: '[name]',
      outdir: this.folder,
      bundle: true,
      splitting: true,
      platform: 'node',
      format: 'esm',
      alias: Object.fromEntries(
        allPackages().flatMap(({ name, dir, manifest }) => {
          const target = manifest.exports?.['.'];
          return target === undefined ? [] : [[name, sourceOf(dir, target, ['node', 'import'])]];
        }),
      ),
      external: ['tinypool'],
      plugins: [
        {
          name: 'node-av',
          setup: ({ onResolve }) =>
            onResolve({ filter: /^node-av/ }, ({ path }) => ({ path: resolve(path), external: true })),
        },
      ],
      logLevel: 'silent',
    });
    await writeFile(join(this.folder, 'package.json'), '{"type":"module"}');
    const videos = join(this.folder, 'videos');
    await mkdir(videos);
    const names = (await readdir(CLIPS)).filter((name) => name.endsWith('.mp4')).slice(0, 7);
    for (const name of names) await copyFile(join(CLIPS, name), join(videos, name));
    await writeFile(join(videos, 'street-0.mp4'), 'no video');
  }

  /**
   * Runs it.
   *
   * @param killAt SIGKILL at this event, from 1
   * @returns what it printed, and its exit code: null where it was killed
   */
  async run(
    output: string,
    workers: number,
    killAt = Infinity,
  ): Promise<{ readonly events: readonly Printed[]; readonly code: number | null }> {
    const child = spawn(
      process.execPath,
      [join(this.folder, 'pack-program.js'), join(this.folder, 'videos'), output, String(workers)],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    const closed = new Promise<number | null>((resolve) => child.once('close', resolve));
    const events: Printed[] = [];
    for await (const line of createInterface(child.stdout)) {
      events.push(JSON.parse(line) as Printed);
      if (events.length === killAt) child.kill('SIGKILL');
    }
    return { events, code: await closed };
  }

  /** Removes all of it. */
  dispose(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Name and hash of every file of a set. */
export async function digestOf(output: string): Promise<Readonly<Record<string, string>>> {
  const names = (await readdir(output)).sort();
  return Object.fromEntries(
    await Promise.all(
      names.map(async (name) => {
        const hash = createHash('sha256').update(await readFile(join(output, name)));
        return [name, hash.digest('hex')] as const;
      }),
    ),
  );
}
