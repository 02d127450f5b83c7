import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readLabeledVideos, readManifest } from '@umt/data';
import { partnerOf, SPRITE_ANSWERS, SPRITE_CLASSES } from '@umt/sprites';
import { afterAll, describe, expect, it } from 'vitest';
import { umtHere } from './command-line.ts';

const home = mkdtempSync(join(tmpdir(), 'umt-data-sprites-'));
afterAll(() => rmSync(home, { recursive: true, force: true }));

const FORMAT = ['--size', '32', '--frames', '8', '--workers', '0'];

describe('umt data sprites', () => {
  it('writes videos that the readers of lists and folders understand, and a page to look at', async () => {
    const folder = join(home, 'all');
    const run = await umtHere(
      'data',
      'sprites',
      '--output',
      folder,
      '--clips',
      '48',
      '--split',
      'validation',
      ...FORMAT,
      '--json',
    );
    expect([run.code, run.err]).toEqual([0, '']);
    const events = run.out.trim().split('\n').map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>); // prettier-ignore
    expect(events[0]).toMatchObject({ type: 'progress', done: 0, clips: 48 });
    expect(events.at(-1)).toMatchObject({ type: 'result', output: folder, written: 48, remaining: 0 });
    expect(events.at(-1)?.['orderBlindCeiling']).toBeCloseTo(28 / 48, 12);

    const byFolder = await readLabeledVideos(folder);
    const byList = await readLabeledVideos(join(folder, 'labels.csv'));
    expect(byFolder.classes).toEqual([...SPRITE_CLASSES].sort());
    expect(byList.classes).toEqual(byFolder.classes);
    const paths = (videos: typeof byFolder) => videos.entries.map(({ path, label }) => `${path} ${label}`).sort();
    expect(paths(byList)).toEqual(paths(byFolder));

    const { entries: captions } = await readManifest(join(folder, 'captions.jsonl'), { kind: 'captions' });
    expect(captions.map(({ path }) => path).sort()).toEqual(byFolder.entries.map(({ path }) => path).sort());
    for (const entry of captions) expect(entry.captions.length).toBe(3);
    const { entries: questions } = await readManifest(join(folder, 'questions.jsonl'), { kind: 'questions' });
    expect(new Set(questions.map(({ path }) => path)).size).toBe(48);
    for (const { answers } of questions) expect(SPRITE_ANSWERS).toContain(answers[0]);

    const page = readFileSync(join(folder, 'index.html'), 'utf8');
    expect(page.match(/<img src="data:image\/png;base64,/g)?.length).toBe(48);
    for (const label of SPRITE_CLASSES) expect(page).toContain(`<h3>${label}</h3>`);
    expect(page).toContain(`the frames of ${partnerOf('push')} in another order`);
    for (const { captions: [first = 'none'] } of captions) expect(page).toContain(first); // prettier-ignore
  });

  it('says what it made, and that nothing is left to make', async () => {
    const folder = join(home, 'some');
    const words = ['data', 'sprites', '--output', folder, '--classes', 'grow,shrink', '--kinds', 'digit', ...FORMAT];
    const { code, out } = await umtHere(...words, '--clips', '2');
    expect([code, readdirSync(join(folder, 'grow'))]).toEqual([0, ['00000.mp4']]);
    expect(out).toMatch(/some: 2 videos in [\d.]+ m?s/);
    expect(out).toContain('at most 50 % can be told');
    expect(out).toContain(`look at them: ${join(folder, 'index.html')}`);
    const more = await umtHere(...words, '--clips', '3');
    expect(more.out).toMatch(/some: 1 videos in [\d.]+ m?s, 2 were there/);
    const other = await umtHere(...words, '--clips', '3', '--seed', '1');
    expect([other.code, other.err]).toEqual([
      1,
      `umt: ${folder}: it holds clips of seed 0, not 1: take another folder, or empty this one\n`,
    ]);
  });

  it('says what was meant by a mistyped flag', async () => {
    const words = ['data', 'sprites', '--output', join(home, 'never')];
    const errorOf = async (...more: readonly string[]) => {
      const { code, err } = await umtHere(...words, ...more);
      expect(code).toBe(2);
      return err;
    };
    expect(await errorOf('--classes', 'grow,shrnk')).toBe('umt: there is no class shrnk; did you mean shrink?\n');
    expect(await errorOf('--kinds', 'emojis')).toBe('umt: there is no kind emojis; did you mean emoji?\n');
    expect(await errorOf('--split', 'val')).toMatch(/Allowed choices are train, validation, test/);
    expect(await errorOf('--seed', '-1')).toMatch(/It must be a whole number from 0 on/);
    expect(await errorOf('--clip', '3')).toMatch(/there is no flag --clip; did you mean --clips\?/);
  });
});
