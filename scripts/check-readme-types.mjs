// @ts-check
/** The TypeScript examples of all READMEs typecheck, as a reader would paste them. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { conclude } from './check.mjs';
import { readReadme } from './readme.mjs';
import { publicPackages, ROOT } from './workspace.mjs';

const { config } = ts.readConfigFile(join(ROOT, 'tsconfig.json'), ts.sys.readFile);
const { options } = ts.parseJsonConfigFileContent(config, ts.sys, ROOT);

/** Examples stand beside their README without being files. @type {Map<string, string>} */
const examples = new Map();
for (const one of publicPackages()) {
  if (!existsSync(join(one.dir, 'README.md'))) continue; // the README tests say so
  const { example } = readReadme(one);
  if (example !== undefined) examples.set(join(one.dir, 'README.example.ts'), `${example}\nexport {};\n`);
}

const disk = ts.createCompilerHost(options);
/** @type {ts.CompilerHost} */
const host = {
  ...disk,
  fileExists: (name) => examples.has(name) || disk.fileExists(name),
  readFile: (name) => examples.get(name) ?? disk.readFile(name),
  getSourceFile(name, language, ...rest) {
    const text = examples.get(name);
    return text === undefined ? disk.getSourceFile(name, language, ...rest) : ts.createSourceFile(name, text, language);
  },
};

const program = ts.createProgram([...examples.keys()], { ...options, noUnusedLocals: false }, host);
const problems = [...examples.keys()].flatMap((name) =>
  ts.getPreEmitDiagnostics(program, program.getSourceFile(name)).map(({ file, start, messageText }) => {
    const line = file && start !== undefined ? file.getLineAndCharacterOfPosition(start).line + 1 : 0;
    return `${name.slice(ROOT.length)} line ${line}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`;
  }),
);
conclude(problems, `${examples.size} README examples typecheck`);
