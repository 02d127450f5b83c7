import { describe, expect, it } from 'vitest';
import {
  captionsOf,
  questionsOf,
  renderSpriteClip,
  SPRITE_ANSWERS,
  SPRITE_CLASSES,
  SPRITE_SPLITS,
  type SpriteClass,
} from '../src/index.ts';
import { planClip } from '../src/plan-clip.ts';
import { watchSprite } from './support/watch-sprite.ts';

const options = (spriteClass: SpriteClass, index: number, split: (typeof SPRITE_SPLITS)[number] = 'train') => ({
  ...{ spriteClass, split, index },
  seed: 4,
});
const numbers = (count: number) => Array.from({ length: count }, (_, index) => index);

describe('captions', () => {
  it('are three of a clip, name its sprites and, where they are painted, their colours', () => {
    for (const spriteClass of SPRITE_CLASSES) {
      for (const index of numbers(6)) {
        const captions = captionsOf(options(spriteClass, index));
        expect(new Set(captions).size).toBe(3);
        for (const { sprite, paint } of planClip(options(spriteClass, index)).actors) {
          const wanted = sprite.kind === 'digit' ? `digit ${sprite.name}` : sprite.name;
          const colored = sprite.colors === null ? `${paint.name} ${wanted}` : wanted;
          for (const caption of captions) expect(caption).toContain(colored);
        }
        for (const caption of captions) expect(caption).toMatch(/^[A-Z][^AB]* [^.]*\.$/);
      }
    }
  });

  it('differ from class to class and from clip to clip, and are the same again', () => {
    const all = SPRITE_CLASSES.flatMap((spriteClass) => captionsOf(options(spriteClass, 0, 'test')));
    expect(new Set(all).size).toBe(all.length);
    expect(captionsOf(options('grow', 1))).not.toEqual(captionsOf(options('grow', 2)));
    expect(captionsOf(options('grow', 1))).toEqual(captionsOf(options('grow', 1)));
  });

  it('say "an" before a vowel that is one', () => {
    const words = SPRITE_SPLITS.flatMap((split) =>
      numbers(150).flatMap((index) => captionsOf({ ...options('appear', index, split), kinds: ['emoji'] })),
    ).join(' ');
    for (const right of ['An owl', 'An avocado', 'An umbrella', 'A unicorn', 'A car']) expect(words).toContain(right);
    for (const wrong of ['A owl', 'An unicorn', 'A umbrella', 'An car']) expect(words).not.toContain(wrong);
  });
});

describe('questions', () => {
  it('have answers of a closed list', () => {
    expect(new Set(SPRITE_ANSWERS).size).toBe(SPRITE_ANSWERS.length);
    const given = new Set<string>();
    for (const split of SPRITE_SPLITS) {
      for (const spriteClass of SPRITE_CLASSES) {
        for (const index of numbers(12)) {
          const asked = questionsOf(options(spriteClass, index, split));
          expect(new Set(asked.map(({ question }) => question)).size).toBe(asked.length);
          expect(asked.length).toBeGreaterThanOrEqual(2);
          for (const { answer } of asked) given.add(answer);
        }
      }
    }
    for (const answer of given) expect(SPRITE_ANSWERS).toContain(answer);
    expect([...given].sort()).toEqual([...SPRITE_ANSWERS].sort()); // none is there in vain
  });

  it('tell partners apart: what happens has another answer for the same frames in another order', () => {
    const what = (spriteClass: SpriteClass) => questionsOf(options(spriteClass, 3))[0]?.answer;
    expect([what('push'), what('pull')]).toEqual(['push', 'pull']);
    const when = (spriteClass: SpriteClass) =>
      questionsOf(options(spriteClass, 3)).find(({ question }) => question.startsWith('When'))?.answer;
    expect([when('grow'), when('shrink')]).toEqual(['at the end', 'at the start']);
  });

  it('have true answers about ways and places, as seen in the clip', () => {
    let checked = 0;
    for (const spriteClass of ['move-left', 'move-up', 'move-down-right', 'accelerate', 'decelerate'] as const) {
      for (const index of numbers(12)) {
        const clip = { ...options(spriteClass, index), kinds: ['shape'] as const, size: 64, frames: 8 };
        const frames = watchSprite(renderSpriteClip(clip));
        const [first, last] = [frames[0], frames.at(-1)];
        if (!first || !last) throw new Error('a clip has frames');
        for (const { question, answer } of questionsOf(clip)) {
          if (question.startsWith('In which direction')) {
            const [x, y] = [last.x - first.x, last.y - first.y];
            if (answer.includes('left')) expect(x).toBeLessThan(-0.08);
            if (answer.includes('right')) expect(x).toBeGreaterThan(0.08);
            if (answer.includes('up')) expect(y).toBeLessThan(-0.08);
            if (answer.includes('down')) expect(y).toBeGreaterThan(0.08);
            checked++;
          }
          const frame = question.endsWith('at the start?') ? first : question.endsWith('at the end?') ? last : null;
          if (frame === null || !question.startsWith('Where')) continue;
          if (answer.includes('left')) expect(frame.x).toBeLessThan(0.4);
          if (answer.includes('right')) expect(frame.x).toBeGreaterThan(0.6);
          if (/upper|top/.test(answer)) expect(frame.y).toBeLessThan(0.4);
          if (/lower|bottom/.test(answer)) expect(frame.y).toBeGreaterThan(0.6);
          checked++;
        }
      }
    }
    expect(checked).toBeGreaterThan(60);
  });
});
