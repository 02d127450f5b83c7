/**
 * What makes a text too much for `JSON.parse`, which takes half a minute for 100 MB of brackets and makes 100 bytes out of
 * every comma, or undefined where nothing does.
 *
 * @param maxDepth how deep brackets may nest
 * @param maxValues how many brackets and commas there may be
 */
export function excessOf(json: string, maxDepth: number, maxValues: number): string | undefined {
  let depth = 0;
  let values = 0;
  let isString = false;
  for (let i = 0; i < json.length; i++) {
    const code = json.charCodeAt(i);
    if (code === QUOTE) isString = !isString;
    else if (isString) i += code === BACKSLASH ? 1 : 0;
    else if (code === COMMA) values++;
    else if (code === OPEN_BRACE || code === OPEN_BRACKET) {
      values++;
      depth++;
    } else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) depth--;
    if (depth > maxDepth) return 'is nested too deeply';
    if (values > maxValues) return `holds over ${maxValues} values`;
  }
  return undefined;
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;

/**
 * The first key that an object in a JSON text has twice, or undefined. `JSON.parse` keeps the last of them silently, so a
 * file could show different tensors to different readers.
 *
 * @param json a text that `JSON.parse` accepts
 */
export function duplicateKey(json: string): string | undefined {
  // One set per open object, undefined for an open array.
  const open: (Set<string> | undefined)[] = [];
  let expectsKey = false;
  for (let i = 0; i < json.length; i++) {
    switch (json[i]) {
      case '{':
        open.push(new Set());
        expectsKey = true;
        break;
      case '[':
        open.push(undefined);
        expectsKey = false;
        break;
      case '}':
      case ']':
        open.pop();
        expectsKey = false;
        break;
      case ',':
        expectsKey = open.at(-1) !== undefined;
        break;
      case '"': {
        const start = i;
        for (i++; json[i] !== '"'; i++) if (json[i] === '\\') i++;
        const keys = open.at(-1);
        if (!expectsKey || keys === undefined) break;
        const key = String(JSON.parse(json.slice(start, i + 1)));
        if (keys.has(key)) return key;
        keys.add(key);
        expectsKey = false;
        break;
      }
    }
  }
  return undefined;
}
