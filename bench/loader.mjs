// @ts-check
/**
 * Clips for training from files that are not in the page cache: ours beside PyAV and OpenCV in worker processes, on the same
 * cores, for the same frames. A ratio is their time over ours: above 1 we are faster.
 *
 *   pnpm build && node bench/loader.mjs [CASE...] [--rounds 15] [--workers 2] [--python /usr/bin/python3] [--folder DIR] [--json FILE]
 *
 * A clip is 8 frames (one of each eighth of the video, drawn once) at 224 x 224, normalised float32. Cases: `320x240` and
 * `720p`, files of ten seconds in H.264 as x264 makes them; `shards-rgb` and `shards-jpeg`, the 320x240 files packed, against
 * the others reading the files. Before anything is timed each side's frames are compared with the ffmpeg program's. Then each rival
 * takes the way that costs it the least processor time; then all take turns. Before every pass the files are dropped from the
 * page cache (POSIX_FADV_DONTNEED; `fincore` shows that nothing is left). Beside other programs the ratio of processor time is
 * the one to read: the clock then tells which side has more threads. `--folder` keeps the videos for the next run.
 */
import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createVideoClipLoader, openShardSet, packShards } from '../packages/data/dist/index.node.js';
import { random } from '../packages/random/dist/index.js';
import { openVideo, sampleSegmentsTrain } from '../packages/video/dist/index.node.js';
import { medianOf } from './median.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '15' },
    workers: { type: 'string', default: '2' },
    python: { type: 'string', default: '/usr/bin/python3' },
    folder: { type: 'string' },
    json: { type: 'string' },
  },
});
const ROUNDS = Number(values.rounds);
const WORKERS = Number(values.workers);
const SEED = 1;
const FRAMES = 8;

/** @typedef {{ readonly path: string, readonly frames: readonly number[] }} Clip */
/** @typedef {{ readonly seconds: number, readonly cpuSeconds: number }} Pass */
/** @typedef {{ readonly set: Awaited<ReturnType<typeof openShardSet>>, readonly files: readonly string[] }} ShardSet */

const here = (/** @type {string} */ path) => fileURLToPath(new URL(path, import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'umt-loader-'));
const videos = values.folder ?? folder;
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
process.on('SIGINT', () => process.exit(130));

/** @param {readonly string[]} words */
const ffmpeg = (...words) => execFileSync('ffmpeg', ['-v', 'error', '-y', ...words], { maxBuffer: 2 ** 30 });

/**
 * Ten-second files: real clips over and over with grain, a moving test picture, and a zoom full of detail.
 * @param {string} name
 * @param {string} size
 * @param {number} count
 */
function writeVideos(name, size, count) {
  const into = join(videos, name);
  mkdirSync(into, { recursive: true });
  const clips = readdirSync(here('../assets/clips')).filter((file) => file.endsWith('.mp4'));
  return Array.from({ length: count }, (_, i) => {
    const path = join(into, `${i}.mp4`);
    if (existsSync(path)) return path;
    const clip = here(`../assets/clips/${clips[i % clips.length]}`);
    const source =
      i % 4 === 0
        ? ['-f', 'lavfi', '-i', `testsrc2=size=${size}:rate=30:duration=10,noise=alls=8:allf=t:all_seed=${i}`]
        : i % 4 === 1
          ? ['-f', 'lavfi', '-i', `mandelbrot=size=${size}:rate=25:start_scale=${3 / (1 + i)},trim=duration=10`]
          : ['-stream_loop', '-1', '-i', clip, '-t', '10', '-vf', `scale=${size},noise=alls=4:allf=t:all_seed=${i}`];
    const part = join(into, 'part.mp4');
    ffmpeg(...source, '-an', '-c:v', 'libx264', '-pix_fmt', 'yuv420p', '-threads', '2', part);
    renameSync(part, path);
    return path;
  });
}

/**
 * The frames that the loader draws of each video.
 * @param {readonly string[]} paths
 * @returns {Promise<readonly Clip[]>}
 */
async function clipsOf(paths) {
  const clips = [];
  for (const [index, path] of paths.entries()) {
    const video = await openVideo(path);
    const stream = random({ seed: SEED, stream: 'data/frames', step: 0, index });
    const { frameCount } = video;
    const draw = (/** @type {number} */ low, /** @type {number} */ high) => stream.integer(low, high);
    clips.push({ path, frames: sampleSegmentsTrain({ frameCount, frames: FRAMES }, draw) });
    await video.close();
  }
  return clips;
}

/** Our side: worker threads under a loader, as training has them. */
class Ours {
  /** @param {Parameters<typeof createVideoClipLoader>[0]['entries']} entries */
  constructor(entries) {
    const clip = /** @type {const} */ ({ frames: FRAMES, size: 224 });
    // Of the last epoch only: nothing is made ahead while the others run.
    this.loader = createVideoClipLoader({
      entries,
      clip,
      seed: SEED,
      batchSize: 4,
      workers: WORKERS,
      shuffle: false,
      epochs: 1,
    });
  }

  /** @returns {Promise<Pass>} */
  async pass() {
    const cpu = process.cpuUsage();
    const begin = performance.now();
    for await (const { shape } of this.loader.batches(0)) if (shape[0] !== 4) throw new Error('a batch is not whole');
    const seconds = (performance.now() - begin) / 1000;
    const { user, system } = process.cpuUsage(cpu);
    return { seconds, cpuSeconds: (user + system) / 1e6 };
  }
}

/**
 * A rival: a process that does jobs.
 * @param {string} script
 */
async function startRival(script) {
  const child = spawn(values.python, [here(script), '--workers', values.workers], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`${script} ended`);
    return JSON.parse(value);
  };
  const { ready, variants } = await next();
  return {
    name: /** @type {string} */ (ready),
    variants: /** @type {readonly string[]} */ (variants),
    ask: (/** @type {unknown} */ job) => (child.stdin.write(`${JSON.stringify(job)}\n`), next()),
    end: () => child.stdin.end(),
  };
}

/** @typedef {Awaited<ReturnType<typeof startRival>>} Rival */

/** What ffmpeg decodes of a clip, in the order of the frames. @param {Clip} clip @param {string} format */
function referenceOf({ path, frames }, format) {
  const select = [...new Set(frames)].map((index) => `eq(n\\,${index})`).join('+');
  const file = join(folder, `reference.${format}`);
  ffmpeg(
    '-i',
    path,
    '-vf',
    `select='${select}'`,
    '-fps_mode',
    'passthrough',
    '-f',
    'rawvideo',
    '-pix_fmt',
    format,
    file,
  );
  return file;
}

/** Compares our frames with ffmpeg's, byte by byte. @param {Clip} clip */
async function checkOurs(clip) {
  const video = await openVideo(clip.path);
  const hash = createHash('md5');
  for await (const { planes } of video.frames([...new Set(clip.frames)]))
    for (const { data } of planes) hash.update(data);
  await video.close();
  const expected = createHash('md5')
    .update(readFileSync(referenceOf(clip, 'yuv420p')))
    .digest('hex');
  if (hash.digest('hex') !== expected) throw new Error(`our frames of ${clip.path} are not ffmpeg's`);
}

/** @param {Rival} rival @param {string} variant @param {Clip} clip */
async function checkRival(rival, variant, clip) {
  const format = rival.name === 'PyAV' ? 'yuv420p' : 'rgb24';
  const { meanDifference } = await rival.ask({ job: 'check', variant, clip, reference: referenceOf(clip, format) });
  // OpenCV's RGB comes of another swscale with other roundings.
  if (meanDifference > (format === 'yuv420p' ? 0 : 3)) {
    throw new Error(`${rival.name} (${variant}) shows other frames of ${clip.path} than ffmpeg: ${meanDifference} off`);
  }
}

/** Processor time of opening and decoding alone, in this thread. @param {readonly Clip[]} clips */
async function decodeSeconds(clips) {
  const once = async () => {
    const before = process.cpuUsage();
    for (const { path, frames } of clips) {
      const video = await openVideo(path);
      let count = 0;
      for await (const { index } of video.frames(frames)) if (index >= 0) count++;
      if (count !== frames.length) throw new Error(`${path} gave ${count} frames`);
      await video.close();
    }
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1e6;
  };
  await once();
  return medianOf([await once(), await once(), await once()]).median;
}

/**
 * @param {string} name
 * @param {readonly string[]} paths of the videos
 * @param {ShardSet} [shards] what ours reads in place of the files
 */
async function compare(name, paths, shards) {
  const clips = await clipsOf(paths);
  const cold = shards === undefined ? paths : [...paths, ...shards.files];
  const rivals = [await startRival('loader_pyav.py'), await startRival('loader_opencv.py')];
  const [evictor] = rivals;
  const evict = async () => {
    await evictor?.ask({ job: 'evict', paths: cold });
    const resident = execFileSync('fincore', ['--bytes', '--noheadings', '--output', 'RES', ...cold]).toString();
    const bytes = resident.split('\n').reduce((sum, line) => sum + Number(line), 0);
    if (bytes > 0) throw new Error(`${bytes} bytes are still in the page cache`);
  };
  for (const clip of clips) await checkOurs(clip);
  const ours = new Ours(shards?.set ?? paths.map((path) => ({ path })));
  // Until the kernels are compiled.
  for (let i = 0; i < 6; i++) await ours.pass();
  const best = [];
  for (const rival of rivals) {
    const timed = [];
    for (const variant of rival.variants) {
      try {
        for (const clip of clips.slice(0, 4)) await checkRival(rival, variant, clip);
      } catch (error) {
        console.error(`${error}`);
        continue;
      }
      const passes = [];
      for (let i = 0; i < 2; i++) passes.push(await rival.ask({ job: 'pass', variant, clips }));
      timed.push({
        variant,
        seconds: Math.min(...passes.map(({ seconds }) => seconds)),
        cpuSeconds: Math.min(...passes.map(({ cpuSeconds }) => cpuSeconds)),
      });
    }
    // Every core has a worker, so that the way that takes the least processor time is the fastest.
    timed.sort((a, b) => a.cpuSeconds - b.cpuSeconds);
    best.push({ rival, variant: timed[0]?.variant ?? '', timed });
  }
  /** @type {{ ours: Pass, theirs: Pass[] }[]} */
  const rounds = [];
  for (let i = 0; i < ROUNDS; i++) {
    await evict();
    const mine = await ours.pass();
    /** @type {Pass[]} */
    const theirs = [];
    for (const { rival, variant } of best) {
      await evict();
      theirs.push(await rival.ask({ job: 'pass', variant, clips }));
    }
    rounds.push({ ours: mine, theirs });
  }
  const cpu = medianOf(rounds.map((round) => round.ours.cpuSeconds)).median;
  const result = {
    name,
    clips: clips.length,
    clipsPerSecond: clips.length / medianOf(rounds.map((round) => round.ours.seconds)).median,
    cpuMillisecondsPerClip: (1000 * cpu) / clips.length,
    // Of shards nothing of the videos is decoded.
    decodeShare: shards === undefined ? (await decodeSeconds(clips)) / cpu : null,
    rivals: best.map(({ rival, variant, timed }, i) => ({
      name: rival.name,
      variant,
      tried: timed,
      clipsPerSecond: clips.length / medianOf(rounds.map(({ theirs }) => theirs[i]?.seconds ?? NaN)).median,
      ratio: medianOf(rounds.map((round) => (round.theirs[i]?.seconds ?? NaN) / round.ours.seconds)),
      cpuRatio: medianOf(rounds.map((round) => (round.theirs[i]?.cpuSeconds ?? NaN) / round.ours.cpuSeconds)),
    })),
  };
  await ours.loader.close();
  for (const rival of rivals) rival.end();
  print(result);
  return result;
}

/**
 * @param {readonly string[]} paths
 * @param {'jpeg' | 'rgb'} encoding
 * @returns {Promise<ShardSet>}
 */
async function packed(paths, encoding) {
  const output = join(folder, `shards-${encoding}`);
  await packShards({ entries: paths.map((path) => ({ path })), output, encoding, workers: WORKERS });
  const files = readdirSync(output).map((file) => join(output, file));
  return { set: await openShardSet(output), files };
}

/** @param {Awaited<ReturnType<typeof compare>>} result */
function print({ name, clipsPerSecond, cpuMillisecondsPerClip, decodeShare, rivals }) {
  const share = decodeShare === null ? '' : `, ${(100 * decodeShare).toFixed(0)} % of it opening and decoding`;
  console.log(
    `${name}: ${clipsPerSecond.toFixed(1)} clips/s, ${cpuMillisecondsPerClip.toFixed(1)} ms of processor time per clip${share}`,
  );
  for (const { name: rival, variant, clipsPerSecond: rate, ratio, cpuRatio } of rivals) {
    const text = (/** @type {ReturnType<typeof medianOf>} */ { median, low, high }) =>
      `${median.toFixed(2)} [${low.toFixed(2)}, ${high.toFixed(2)}]`;
    console.log(
      `  ${rival} (${variant}): ${rate.toFixed(1)} clips/s; ratio ${text(ratio)}, of processor time ${text(cpuRatio)}`,
    );
  }
}

const CASES = ['320x240', '720p', 'shards-rgb', 'shards-jpeg'];
const asked = positionals.length === 0 ? CASES : positionals;
const unknown = asked.find((name) => !CASES.includes(name));
if (unknown !== undefined) throw new Error(`there is no case ${unknown}: choose among ${CASES.join(', ')}`);

const results = [];
/** @type {Map<string, readonly string[]>} */
const written = new Map();
for (const name of asked) {
  const size = name === '720p' ? '1280x720' : '320x240';
  const paths = written.get(size) ?? writeVideos(size, size, 8);
  written.set(size, paths);
  const [kind, encoding] = name.split('-');
  const isPacked = kind === 'shards' && (encoding === 'rgb' || encoding === 'jpeg');
  results.push(await compare(name, paths, isPacked ? await packed(paths, encoding) : undefined));
}
if (values.json !== undefined) {
  const machine = { processor: cpus()[0]?.model, cores: cpus().length, node: process.version };
  const versions = execFileSync(values.python, [
    '-c',
    'import av, cv2; print(av.__version__, cv2.__version__)',
  ]).toString();
  const [pyav, opencv] = versions.trim().split(' ');
  const report = { date: new Date().toISOString(), machine, pyav, opencv, workers: WORKERS, rounds: ROUNDS, results };
  writeFileSync(values.json, `${JSON.stringify(report, null, 2)}\n`);
}
