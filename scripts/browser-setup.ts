/**
 * Runs in the page before each test file of the browser project: there, vitest gives the environment as `import.meta.env`
 * only, and the conformance suites look for `process.env` as they do in Node.
 */
const { UMT_REQUIRE_ENGINES } = (import.meta as { env?: Readonly<Record<string, string>> }).env ?? {};
Object.assign(globalThis, { process: { env: { UMT_REQUIRE_ENGINES } } });
