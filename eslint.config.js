import js from '@eslint/js';
import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';
import { house } from './scripts/eslint/plugin.mjs';

const NO_ENUM = { selector: 'TSEnumDeclaration', message: 'No enums: use a union of string literals.' };
const NO_DEFAULT_EXPORT = {
  selector: 'ExportDefaultDeclaration, ExportSpecifier[exported.name="default"]',
  message: 'No default exports: a name is the same everywhere.',
};

export default defineConfig(
  // In that folder .ts files are MPEG transport streams.
  {
    ignores: [
      ...['**/dist/', '**/node_modules/', '**/coverage/', 'runs/', 'output/', 'assets/'],
      'packages/video/test/fixtures/odd/',
    ],
  },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  js.configs.recommended,
  {
    plugins: { house },
    rules: {
      'house/floors': 'error',
      'house/listed-imports': 'error',
      // Published coefficients are written with every digit their source prints.
      'no-loss-of-precision': 'off',
      eqeqeq: ['error', 'always'],
      'max-lines': ['error', { max: 400, skipComments: true }],
      'no-restricted-syntax': ['error', NO_ENUM],
    },
  },
  { files: ['**/*.{js,mjs}'], languageOptions: { globals: nodeGlobals() } },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.recommended],
    languageOptions: { parserOptions: { project: ['./tsconfig.json'], tsconfigRootDir: import.meta.dirname } },
    rules: {
      // The four that need types earn their seconds: a forgotten promise is an unhandled rejection.
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/only-throw-error': 'error',
      'house/relative-extension': 'error',
      '@typescript-eslint/consistent-type-imports': [
        'error',
        // `typeof import('x')` is how a module that is loaded only when present is typed.
        { fixStyle: 'separate-type-imports', disallowTypeAnnotations: false },
      ],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
    },
  },
  {
    files: ['packages/*/src/**/*.ts'],
    rules: {
      'house/browser-safe': 'error',
      'house/docblock': 'error',
      'no-restricted-syntax': ['error', NO_ENUM, NO_DEFAULT_EXPORT],
      'no-restricted-globals': ['error', 'Buffer', 'process', 'require', '__dirname', '__filename'],
    },
  },
  {
    files: ['packages/*/src/**/node/**', 'packages/*/src/**/*.node.ts', 'packages/*/src/bin.ts'],
    rules: { 'no-restricted-globals': 'off' },
  },
);

/** What plain scripts may name without importing it: what this Node offers. */
function nodeGlobals() {
  return Object.fromEntries(Object.getOwnPropertyNames(globalThis).map((name) => [name, 'readonly']));
}
