import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ESLint } from 'eslint';
import tseslint from 'typescript-eslint';
import { describe, expect, it } from 'vitest';
import { FLOORS } from '../house.mjs';

const ROOT = new URL('../../', import.meta.url).pathname;
// The files below do not exist, so no TypeScript program knows them.
const eslint = new ESLint({ cwd: ROOT, overrideConfig: tseslint.configs.disableTypeChecked });

/** What lint says of `code` if it stood in `file`. */
async function messagesFor(file: string, code: string): Promise<string[]> {
  const results = await eslint.lintText(code, { filePath: join(ROOT, file) });
  return results.flatMap((result) => result.messages.map(({ ruleId, message }) => `${ruleId}: ${message}`));
}

const DOC = '/** Documented. */\n';

describe('the floors', () => {
  it('name every package of the workspace exactly once', () => {
    const listed = FLOORS.flatMap(({ packages }) => packages);
    const present = readdirSync(join(ROOT, 'packages'))
      .filter((name) => !name.startsWith('.'))
      .map((dir) => (dir === 'unmasked-teacher' ? dir : `@umt/${dir}`));
    expect(listed).toEqual(expect.arrayContaining(present));
    expect(new Set(listed).size).toBe(listed.length);
  });

  it.each([
    ['a static import', `import { f } from '@umt/vit';\nf();`],
    ['a type import', `import type { Vit } from '@umt/vit';\n${DOC}export type X = Vit;`],
    ['a re-export', `export { f } from '@umt/vit';`],
    ['a re-export of everything', `export * from '@umt/vit';`],
    ['a dynamic import', `await import('@umt/vit');`],
    ['an inline import type', `${DOC}export type X = import('@umt/vit').Vit;`],
  ])('refuse %s of a package on a higher floor', async (_kind, code) => {
    expect(await messagesFor('packages/nn/src/x.ts', code)).toContainEqual(
      expect.stringMatching(/^house\/floors: @umt\/nn \(floor 1\) may not import @umt\/vit \(floor 3\)/),
    );
  });

  it('refuse a package on the same floor', async () => {
    const messages = await messagesFor('packages/vit/src/x.ts', `export * from '@umt/clip';`);
    expect(messages).toContainEqual(expect.stringContaining('only lower floors'));
  });

  it('accept a package on a lower floor', async () => {
    expect(await messagesFor('packages/vit/src/x.ts', `export * from '@umt/nn';`)).toEqual([]);
  });

  it('keep models from naming an engine', async () => {
    const messages = await messagesFor('packages/trainer/src/x.ts', `export * from '@umt/engine-tfjs';`);
    expect(messages).toContainEqual(expect.stringContaining('may not import an engine'));
    expect(await messagesFor('packages/runtime/src/x.ts', `export * from '@umt/engine-tfjs';`)).toEqual([]);
  });

  it('keep tensors out of the packages that hand out typed arrays', async () => {
    const messages = await messagesFor('packages/data/src/x.ts', `export * from '@umt/tensor';`);
    expect(messages).toContainEqual(expect.stringContaining('may not import @umt/tensor'));
  });

  it.each(['packages/tensor/src/x.ts', 'packages/tensor/test/x.test.ts', 'examples/x.ts', 'scripts/x.mjs'])(
    'refuse @tensorflow in %s',
    async (file) => {
      const messages = await messagesFor(file, `export * from '@tensorflow/tfjs-core';`);
      expect(messages).toContainEqual(expect.stringContaining('only packages/engine-* import @tensorflow/*'));
    },
  );

  it('accept @tensorflow in an engine', async () => {
    expect(await messagesFor('packages/engine-tfjs/src/x.ts', `export * from '@tensorflow/tfjs-core';`)).toEqual([]);
  });
});

describe('imports', () => {
  it('must be listed in package.json', async () => {
    const messages = await messagesFor('packages/nn/src/x.ts', `export * from 'zod';`);
    expect(messages).toContainEqual(expect.stringMatching(/^house\/listed-imports: zod is not in/));
  });

  it('may name development tools in tests but not in sources', async () => {
    const code = `import fc from 'fast-check';\nfc.assert;`;
    expect(await messagesFor('packages/nn/test/x.test.ts', code)).not.toContainEqual(expect.stringContaining('listed'));
    expect(await messagesFor('packages/nn/src/x.ts', code)).toContainEqual(expect.stringContaining('listed-imports'));
  });

  it.each(['node:fs', 'fs', 'fs/promises'])('may not name %s in a file that browsers load', async (specifier) => {
    const messages = await messagesFor('packages/video/src/open.ts', `export * from '${specifier}';`);
    expect(messages).toContainEqual(expect.stringMatching(/^house\/browser-safe: /));
  });

  it.each(['src/node/open.ts', 'src/sources/node/file.ts', 'src/open.node.ts', 'src/bin.ts', 'test/open.test.ts'])(
    'may name node:fs in %s',
    async (path) => {
      expect(await messagesFor(`packages/video/${path}`, `export * from 'node:fs';`)).toEqual([]);
    },
  );

  it('carry their extension when relative', async () => {
    const messages = await messagesFor('packages/nn/src/x.ts', `export * from './module';`);
    expect(messages).toContainEqual(expect.stringContaining(`write the extension: './module.ts'`));
    expect(await messagesFor('packages/nn/src/x.ts', `export * from './module.ts';`)).toEqual([]);
  });
});

describe('docblocks', () => {
  it.each([
    ['a function', 'export function f(): void {}', 'f'],
    ['a constant', 'export const limit = 3;', 'limit'],
    ['an interface', 'export interface Shape { readonly rank: number }', 'Shape'],
    ['a type', 'export type Shape = readonly number[];', 'Shape'],
    ['a class', 'export class Layer {}', 'Layer'],
    ['a local exported later', 'function f(): void {}\nexport { f };', 'f'],
    ['a function under a line comment', '// says little\nexport function f(): void {}', 'f'],
    ['a function under an empty docblock', '/** */\nexport function f(): void {}', 'f'],
  ])('are demanded of %s', async (_kind, code, name) => {
    expect(await messagesFor('packages/nn/src/x.ts', code)).toContain(
      `house/docblock: exported ${name} has no docblock`,
    );
    expect(await messagesFor('packages/nn/test/x.ts', code)).not.toContainEqual(expect.stringContaining('docblock'));
  });

  it.each([
    ['a method', 'export class Layer { forward(): void {} }', 'forward'],
    ['a getter', 'export class Layer { get width(): number { return 3; } }', 'width'],
    ['a static method', 'export class Layer { static of(): Layer { return new Layer(); } }', 'of'],
    ['a method of an interface', 'export interface Layer { readonly width: number; forward(): void }', 'forward'],
    ['a method of a class exported later', 'class Layer { forward(): void {} }\nexport { Layer };', 'forward'],
  ])('are demanded of %s that is exported with what it belongs to', async (_kind, code, name) => {
    const messages = await messagesFor('packages/nn/src/x.ts', `${DOC}${code}`);
    expect(messages).toEqual([`house/docblock: exported Layer has no docblock at ${name}`]);
  });

  it.each([
    ['private', 'private forward(): void {}'],
    ['hidden', '#forward(): void { this.#forward(); }'],
    ['protected', 'protected forward(): void {}'],
    ['documented', '/** Documented, once for all overloads. */ f(a: number): void; f(a: string): void; f(): void {}'],
  ])('are not demanded of a method that is %s', async (_kind, member) => {
    expect(await messagesFor('packages/nn/src/x.ts', `${DOC}export class Layer { ${member} }`)).toEqual([]);
  });

  it('are not demanded where an interface or a parent describes the method', async () => {
    const disposable = `${DOC}export class Layer implements Disposable { [Symbol.dispose](): void {} }`;
    expect(await messagesFor('packages/nn/src/x.ts', disposable)).toEqual([]);
    const child = `${DOC}export class Child extends Error { override toString(): string { return ''; } }`;
    expect(await messagesFor('packages/nn/src/x.ts', child)).toEqual([]);
  });

  it('are found above what they describe, once for all overloads', async () => {
    const code = `${DOC}export function f(a: number): void;\nexport function f(a: string): void;\nexport function f(): void {}\n`;
    expect(await messagesFor('packages/nn/src/x.ts', code)).toEqual([]);
    expect(await messagesFor('packages/nn/src/x.ts', `${DOC}function f(): void {}\nexport { f };`)).toEqual([]);
  });
});

describe('types and files', () => {
  it.each([
    ['any', `${DOC}export const x = (value: any): string => String(value);`, 'no-explicit-any'],
    ['a non-null assertion', `${DOC}export const x = [1][0]!;`, 'no-non-null-assertion'],
    ['an enum', `${DOC}export enum Kind { A }`, 'No enums'],
    ['a default export', `${DOC}export default 3;`, 'No default exports'],
    ['a default export by name', `const x = 3;\n${DOC}export { x as default };`, 'No default exports'],
    [
      'a type imported as a value',
      `import { Tensor } from '@umt/tensor';\n${DOC}export type X = Tensor;`,
      'consistent-type-imports',
    ],
    ['Buffer', `${DOC}export const x = Buffer.alloc(1);`, 'no-restricted-globals'],
    ['401 lines', `${DOC}export const x = [\n${'  1,\n'.repeat(399)}];`, 'max-lines'],
  ])('refuse %s', async (_kind, code, expected) => {
    expect(await messagesFor('packages/nn/src/x.ts', code)).toContainEqual(expect.stringContaining(expected));
  });

  it('accept a default export where a tool asks for one', async () => {
    const code = `import { packageConfig } from '../../tsup.base.ts';\n\nexport default packageConfig();\n`;
    expect(await messagesFor('packages/nn/tsup.config.ts', code)).toEqual([]);
  });
});
