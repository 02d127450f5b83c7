// @ts-check

const LEAKS = [
  { what: "a machine's own path", pattern: /(?<![\w.~-])\/(?:work|root|Users|home\/\w+)\/[\w.]/ },
  { what: 'a path that no clone has', pattern: /\bshared\/(?:spec|notes|prototypes|design|fixtures|assets)\b/ },
  {
    what: 'an address of a package registry',
    pattern: /\b(?:registry|npm|pypi|files|static|proxy|deb)\.[a-z0-9-]+\.(?:org|com|io|net|dev)\b/,
  },
];

/**
 * What in a text names the machine it was written on, or a package registry.
 * @param {string} text
 * @returns {readonly { readonly line: number, readonly what: string }[]} lines count from 1
 */
export function findLeaks(text) {
  return text.split('\n').flatMap((content, index) => {
    const found = LEAKS.find(({ pattern }) => pattern.test(content));
    return found ? [{ line: index + 1, what: found.what }] : [];
  });
}
