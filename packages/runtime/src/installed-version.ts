/**
 * The version of an installed package in Node, or null where it is not installed; always null in browsers. Nothing of it
 * is run.
 *
 * @param chain the package last, before it those that import it: `['@umt/engine-tfjs', 'onnxruntime-node']` is what the
 *   engine would get
 * @param from the file that imports the first of the chain, as `import.meta.url`
 */
export function installedVersion(_chain: readonly string[], _from: string | URL): Promise<string | null> {
  return Promise.resolve(null);
}
