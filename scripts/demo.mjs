// @ts-check
/**
 * From a fresh clone to a trained toy: installs what is locked, builds, and runs `umt pretrain` with the tiny recipe.
 * Needs only Node: this file imports nothing that is installed. Words after the script's name go to `umt pretrain`:
 *
 *   npm run demo
 *   npm run demo -- --steps 50
 */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const OLDEST_NODE = [20, 0];
const PRETRAIN = ['pretrain', 'tiny', '--data', 'assets/clips', '--output', 'runs/demo', '--overwrite'];

/** @param {string} message @returns {never} */
function stop(message) {
  console.error(`\ndemo: ${message}`);
  process.exit(1);
}

/**
 * Runs a command in the repository's root.
 * @param {readonly string[]} words
 * @param {{ readonly env?: NodeJS.ProcessEnv, readonly keepBack?: (text: string) => void }} [options] `keepBack` takes what
 *   would else be printed
 * @returns {Promise<number>} its exit code; 130 when Ctrl-C ended it
 */
function run([command = '', ...args], { env = process.env, keepBack } = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: ROOT, env, stdio: keepBack ? 'pipe' : 'inherit' });
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => keepBack?.(String(chunk)));
    child.stdin?.end();
    child.on('error', (error) => {
      console.error(`\n${command} did not start: ${error.message}`);
      resolve(127);
    });
    child.on('close', (code, signal) => resolve(code ?? (signal === 'SIGINT' ? 130 : 1)));
  });
}

/**
 * @param {string} title
 * @param {readonly string[]} command
 * @param {{ readonly env?: NodeJS.ProcessEnv, readonly hint: string }} options
 */
async function phase(title, command, { env, hint }) {
  const start = performance.now();
  const seconds = () => `${((performance.now() - start) / 1000).toFixed(0)} s`;
  const ticker = process.stdout.isTTY
    ? setInterval(() => process.stdout.write(`\r${title} ... ${seconds()}`), 500)
    : undefined;
  process.stdout.write(process.stdout.isTTY ? `${title} ...` : `${title} ...\n`);
  let output = '';
  const code = await run(command, { keepBack: (text) => (output += text), ...(env && { env }) });
  clearInterval(ticker);
  if (code === 130) process.exit(130);
  if (code !== 0) {
    console.error(`\n${output.trim()}`);
    stop(`${title.toLowerCase()} failed (${command.join(' ')}, exit ${code}). ${hint}`);
  }
  console.log(`${process.stdout.isTTY ? '\r' : ''}${title}: done in ${seconds()}    `);
}

/**
 * The pinned pnpm: the one that runs this script, or one that npm fetches for the moment.
 * @returns {readonly string[]}
 */
function pnpm() {
  const { packageManager } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const pinned = String(packageManager).split('+')[0] ?? 'pnpm';
  const { npm_execpath: running, npm_config_user_agent: agent = '' } = process.env;
  if (running && /\.[cm]?js$/.test(running)) {
    if (agent.startsWith(`${pinned.replace('@', '/')} `)) return [process.execPath, running];
    if (agent.startsWith('npm/')) return [process.execPath, running, 'exec', '--yes', '--', pinned];
  }
  const npx = join(dirname(process.execPath), 'npx');
  return [existsSync(npx) ? npx : 'npx', '--yes', pinned];
}

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
const [needMajor = 0, needMinor = 0] = OLDEST_NODE;
if (major < needMajor || (major === needMajor && minor < needMinor)) {
  stop(
    `this is Node ${process.versions.node}; version ${OLDEST_NODE.join('.')} or newer is needed (https://nodejs.org)`,
  );
}
// The whole group hears Ctrl-C: the training ends in good order and this script passes its exit code on.
process.on('SIGINT', () => {});

await phase('Installing packages', [...pnpm(), 'install', '--frozen-lockfile', '--prod=false'], {
  hint: 'Is the network up? Run it again: what was fetched is kept.',
});
await phase('Building', [process.execPath, join(ROOT, 'scripts/build.mjs')], {
  env: { ...process.env, UMT_BUILD_TYPES: '0' },
  hint: 'The lines above say which package.',
});

const bin = join(ROOT, 'packages/unmasked-teacher/dist/bin.js');
process.exitCode = await run([process.execPath, bin, ...PRETRAIN, ...process.argv.slice(2)]);
