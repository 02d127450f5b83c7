// @ts-check
import { docblock } from './docblock.mjs';
import { browserSafe, floors, listedImports, relativeExtension } from './imports.mjs';

/** The rules of this house that no published plugin holds. */
export const house = {
  meta: { name: 'house' },
  rules: {
    docblock,
    floors,
    'browser-safe': browserSafe,
    'listed-imports': listedImports,
    'relative-extension': relativeExtension,
  },
};
