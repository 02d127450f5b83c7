import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import colors from 'picocolors';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { main } from '../src/node/cli/main.ts';
import { eventsOf } from './cli.ts';
import { umtHere as umt } from './command-line.ts';
import { ROOT } from './small.ts';

const CLIPS = join(ROOT, 'assets/clips');
let folder: string;
let videos: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'umt-data-commands-'));
  videos = join(folder, 'videos');
  for (const name of ['box', 'cup']) {
    await mkdir(join(videos, name), { recursive: true });
    await copyFile(join(CLIPS, `${name}-1.mp4`), join(videos, name, '1.mp4'));
  }
  await writeFile(join(videos, 'cup', '2.mp4'), 'no video');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const HERE = ['--workers', '0', '--frames', '2', '--short-side', '32'];

describe('data pack', () => {
  test('packs a folder, names what is broken, and says what it made', async () => {
    const output = join(folder, 'set');
    const { code, out, err } = await umt('data', 'pack', videos, '--output', output, ...HERE);
    expect(out).toMatch(
      /^\S+set: 2 samples with 4 frames in 1 shard, [\d.]+ kB; 1 broken video left out, see \S+broken\.jsonl\n$/,
    );
    expect(err).toMatch(/^broken: .*2\.mp4.*\n$/);
    expect(code).toBe(0);
    expect((await readdir(output)).sort()).toEqual([
      'broken.jsonl',
      'index.json',
      'pack.json',
      'shard-000000.index.json',
      'shard-000000.tar',
    ]);
    const again = await umt('data', 'pack', videos, '--output', output, ...HERE);
    expect(again).toMatchObject({
      code: 0,
      err: '',
      out: expect.stringContaining('set: was complete before: 2 samples'),
    });
  });

  test('keeps classes, cuts at a size, and tells all of it as events', async () => {
    const output = join(folder, 'labeled');
    const flags = ['--labeled', '--encoding', 'rgb', '--shard-size', '9kB', '--name', 'motions', '--json'];
    const result = await umt('data', 'pack', videos, '--output', output, ...HERE, ...flags);
    const events = eventsOf(result);
    expect(events.map(({ type }) => type)).toEqual(['shard', 'broken', 'shard', 'result']);
    expect(events.at(-1)).toMatchObject({ samples: 2, frames: 4, shards: 2, broken: 1, wasComplete: false });
    expect(JSON.parse(await readFile(join(output, 'index.json'), 'utf8'))).toMatchObject({
      ...{ classes: ['box', 'cup'], encoding: 'rgb', name: 'motions', shards: [{ file: 'motions-000000.tar' }, {}] },
    });
  });

  test('is left off by Ctrl-C, and gone on with by the same command', async () => {
    const output = join(folder, 'stopped');
    const words = ['data', 'pack', CLIPS, '--output', output, ...HERE, '--shard-size', '8kB', '--json'];
    const before = process.listenerCount('SIGINT');
    let [out, err] = ['', ''];
    const code = await main(words, {
      ...{ environment: {}, program: 'umt', version: '1.2.3', colors: colors.createColors(false) },
      out: {
        write: (text) => {
          out += text;
          if (text.includes('"shard"')) process.emit('SIGINT', 'SIGINT');
        },
      },
      err: { write: (text) => void (err += text) },
    });
    expect({ code, err }).toEqual({
      code: 130,
      err: `left off; what is complete in ${output} is kept, the same command goes on\n`,
    });
    expect(process.listenerCount('SIGINT')).toBe(before);
    expect(eventsOf({ code, out, err })).toHaveLength(1);
    const rest = await umt(...words);
    expect(rest.err).toMatch(/^going on after 1 complete shard, at video \d+ of 12\n$/);
    expect(eventsOf(rest).at(-1)).toMatchObject({ type: 'result', samples: 12, broken: 0 });
  });

  test('ends where too many videos are broken', async () => {
    const output = join(folder, 'strict');
    const { code, out, err } = await umt('data', 'pack', videos, '--output', output, ...HERE, '--max-broken', '0');
    expect(err).toMatch(/\numt: 1 of the first 3 videos \(of 3\) cannot be packed, [^\n]*\n$/);
    expect({ code, out }).toEqual({ code: 1, out: '' });
  });

  test.each([
    [['--quality', '50'], 1, 'umt: quality must be a whole number from 1 to 31, got 50'],
    [['--shard-size', 'huge'], 2, 'It must be a size such as 500MB or 1GB.'],
    [['--fps', '0'], 2, 'It must be a number above 0.'],
    [['--max-broken', '2'], 2, 'It must be from 0 to 1.'],
    [['--workers', '-1'], 2, 'It must be a whole number from 0 on.'],
    [['--encoding', 'png'], 2, 'Allowed choices are jpeg, rgb.'],
    [['--split', 'val'], 2, 'umt: --split is for labelled videos: add --labeled'],
    [['--colour'], 2, /^umt: there is no flag --colour; there is .*--encoding/],
  ])('%j is answered in one line', async (flags, code, message) => {
    const result = await umt('data', 'pack', videos, '--output', join(folder, 'wrong'), ...flags);
    expect(result.err).toMatch(message);
    expect(result).toMatchObject({ code, out: '', err: expect.stringMatching(/^umt: [^\n]*\n$/) });
  });
});

describe('data verify', () => {
  test('lists broken videos and ends with 1', async () => {
    const { code, out } = await umt('data', 'verify', videos, '--workers', '0');
    expect(out).toMatch(/^not-video {2}[^\n]*2\.mp4[^\n]*\n[^\n]*videos: 3 videos, \d+ frames, 1 broken\n$/);
    expect(code).toBe(1);
  });

  test('takes a shard set for one', async () => {
    const place = join(folder, 'checked');
    await umt('data', 'pack', videos, '--output', place, ...HERE);
    const good = await umt('data', 'verify', place, '--workers', '0');
    expect(good).toMatchObject({ code: 0, out: `${place}: 1 shard, 2 samples, 4 frames, nothing broken\n` });
    const tar = join(place, 'shard-000000.tar');
    const bytes = await readFile(tar);
    await writeFile(tar, bytes.subarray(0, -1));
    const bad = await umt('data', 'verify', place, '--workers', '0', '--json');
    expect(eventsOf(bad)).toEqual([
      expect.objectContaining({ type: 'broken', kind: 'size', path: tar }),
      expect.objectContaining({ type: 'result', shards: 1, samples: 2, frames: 4, broken: 1 }),
    ]);
    expect(bad.code).toBe(1);
  });
});

describe('the group', () => {
  test('without a command shows its help', async () => {
    const { code, out } = await umt('data');
    expect(out).toMatch(/pack .*\n.*verify /s);
    expect(code).toBe(0);
  });

  test('hints at the command that was meant', async () => {
    expect(await umt('data', 'pakc')).toMatchObject({
      code: 2,
      err: 'umt: there is no command data pakc; did you mean pack?\n',
    });
    expect((await umt('data', 'verify', 'x', '--wokers', '1')).err).toMatch(
      'there is no flag --wokers; did you mean --workers?',
    );
  });
});
