import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  openCheckpoint,
  savePytorch,
  saveSafetensors,
  writeSafetensors,
  type CheckpointTensor,
  type TensorCollection,
} from '@umt/checkpoint';
import { arraySource } from '@umt/nn';
import { loadEngine } from '@umt/runtime';
import { setEngine } from '@umt/tensor';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { inspectCheckpoint } from '../src/inspect/inspect-checkpoint.ts';
import { runForward } from '../src/forward/run-forward.ts';
import { eventsOf, type CliResult } from './cli.ts';
import { umtHere as umt } from './command-line.ts';
import { largestDifference, maskInput, SHAPES, SPECS, stage1, syntheticWeights, videoInput } from './forward-models.ts';
import { CLIPS } from './small.ts';
import { CLASSES, classifierFile, classifierTensors, studentFile } from './tiny-models.ts';

let folder: string;
const at = (file: string) => join(folder, file);

function asTensors(shapes: (typeof SHAPES)['student']): ReadonlyMap<string, CheckpointTensor> {
  return new Map([...syntheticWeights(shapes)].map(([name, array]) => [name, { dtype: 'F32', ...array }] as const));
}

const tensor = (dtype: 'F16' | 'I64', length: number): CheckpointTensor =>
  dtype === 'F16'
    ? { dtype, shape: [length], data: Uint16Array.from({ length }, (_, index) => 0x3c00 + index) }
    : { dtype, shape: [length], data: BigInt64Array.from({ length }, (_, index) => BigInt(index)) };

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'umt-commands-'));
  const { engine } = await loadEngine({ device: 'cpu' });
  setEngine(engine);
  await writeFile(at('classifier.safetensors'), await classifierFile());
  await savePytorch(at('plain.pth'), await classifierTensors(), { dictionary: 'module' });
  await writeFile(at('made.safetensors'), await studentFile());
  setEngine(undefined);
  engine.dispose();
  await savePytorch(at('student.pth'), asTensors(SHAPES.student), { dictionary: 'model' });
  const visual = [...asTensors(SHAPES.teacher)].map(([name, one]) => [`visual.${name}`, one] as const);
  const text = [['text_projection', tensor('F16', 4)] as const, ['positions', tensor('I64', 3)] as const];
  await savePytorch(at('clip.pt'), new Map([...visual, ...text]));
  await writeFile(at('student.json'), JSON.stringify(SPECS.student));
  await saveSafetensors(at('in.safetensors'), { video: videoInput(2), mask: maskInput() });
  await writeFile(at('text.pth'), 'not a checkpoint');
  await writeFile(at('labels.txt'), `${CLASSES.map((name) => name.toUpperCase()).join('\n')}\n`);
  await mkdir(at('videos'));
  await cp(`${CLIPS}/cup-1.mp4`, at('videos/cup.mp4'));
  await cp(`${CLIPS}/box-1.mp4`, at('videos/box.mp4'));
  await writeFile(at('broken.mp4'), 'not a video');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function expectOneLine({ err, out, code }: CliResult, message: string | RegExp, exitCode: number): void {
  expect(err).toMatch(message);
  expect(err).toMatch(/^umt: [^\n]*\n$/);
  expect({ out, code }).toEqual({ out: '', code: exitCode });
}

async function bytesByName(path: string): Promise<Readonly<Record<string, string>>> {
  const file = await openCheckpoint(path);
  const entries: [string, string][] = [];
  for (const name of file.tensors.keys()) {
    const { dtype, shape, data } = await file.read(name);
    const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64');
    entries.push([name, `${dtype} ${shape.join()} ${bytes}`]);
  }
  await file.close();
  return Object.fromEntries(entries);
}

describe('inspect', () => {
  test('says what is in a file and which model it fits, blocks in one line', async () => {
    const { out, code } = await umt('inspect', at('student.pth'));
    expect(code).toBe(0);
    expect(out).toContain(
      `${at('student.pth')}  PyTorch, tensors under "model"\n64 tensors, 47,844 numbers, 191 kB, F32\n`,
    );
    expect(out).toMatch(/^fits umt-pretrain: UMT of width 24 and depth 4/m);
    expect(out).toMatch(/^encoder\.blocks\.\{0\.\.3\}\.attn\.qkv\.weight +\[72, 24\] +F32 x 4$/m);
    const { out: all } = await umt('inspect', at('student.pth'), '--all');
    expect(all.match(/^encoder\.blocks\.\d\.attn\.qkv\.weight +\[72, 24\] +F32$/gm)).toHaveLength(4);
  });

  test('--json has every tensor with its type and bytes', async () => {
    const found: unknown = JSON.parse((await umt('inspect', at('clip.pt'), '--json')).out);
    expect(found).toMatchObject({
      format: 'pytorch',
      dictionary: '',
      model: { type: 'clip-vision', spec: null, problem: expect.stringContaining('heads') },
      tensors: expect.arrayContaining([
        { name: 'text_projection', dtype: 'F16', shape: [4], elements: 4, bytes: 8 },
        { name: 'positions', dtype: 'I64', shape: [3], elements: 3, bytes: 24 },
      ]),
    });
  });

  test('--spec describes a model for forward', async () => {
    const shapes: Record<string, readonly number[]> = {
      'encoder.patch_embed.proj.weight': [64, 3, 2, 16, 16],
      'encoder.norm.weight': [64],
      'encoder.blocks.0.mlp.fc1.weight': [128, 64],
      'clip_decoder.0.norm.weight': [5],
      'clip_decoder.1.norm.weight': [5],
    };
    const tensors: TensorCollection = new Map(
      Object.entries(shapes).map(([name, shape]) => {
        const data = new Float32Array(shape.reduce((product, length) => product * length, 1));
        return [name, { dtype: 'F32', shape, data }] as const;
      }),
    );
    const file = await openCheckpoint(writeSafetensors(tensors));
    expect(inspectCheckpoint(file).model?.spec).toEqual({
      type: 'umt-pretrain',
      config: {
        ...{ img_size: 224, patch_size: 16, tubelet_size: 2, mlp_ratio: 2, qkv_bias: false, num_frames: 16 },
        ...{
          encoder_embed_dim: 64,
          encoder_depth: 1,
          encoder_num_heads: 1,
          init_values: 0,
          use_learnable_pos_emb: false,
        },
        ...{ clip_decoder_embed_dim: 64, clip_output_dim: 5, clip_norm_type: 'l2', clip_return_layer: 2 },
        clip_student_return_interval: 1,
      },
    });
    expectOneLine(await umt('inspect', at('student.pth'), '--spec'), 'the published width of 64 does not divide 24', 1);
  });

  test('of a file that was written here, takes from it what names and shapes do not tell', async () => {
    const classifier = JSON.parse((await umt('inspect', at('classifier.safetensors'), '--spec')).out) as unknown;
    expect(classifier).toMatchObject({ config: { num_heads: 3, all_frames: 4, img_size: 48, num_classes: 5 } });
    const student = JSON.parse((await umt('inspect', at('made.safetensors'), '--spec')).out) as unknown;
    expect(student).toMatchObject({
      config: { encoder_num_heads: 3, num_frames: 4, img_size: 48, clip_output_dim: 8 },
    });
    const { out } = await umt('inspect', at('classifier.safetensors'));
    expect(out).toMatch(/^fits video-classifier: .*5 classes, 4 frames 48 px$/m);
  });

  test.each([
    ['nowhere.pth', 'there is no such file'],
    ['text.pth', 'neither a safetensors file nor one of PyTorch'],
  ])('%s is answered in one line', async (name, message) => {
    expectOneLine(await umt('inspect', at(name)), `${at(name)}: ${message}`, 1);
  });
});

describe('convert', () => {
  test('there and back: every tensor the same bit for bit', async () => {
    const [there, back] = [at('there.safetensors'), at('back.pth')];
    expect(await umt('convert', at('clip.pt'), there)).toMatchObject({ code: 0, err: '' });
    const { out, code } = await umt('convert', there, back);
    expect({ out, code }).toEqual({ out: expect.stringMatching(/back\.pth: 58 tensors, [\d.]+ kB\n$/), code: 0 });
    const expected = await bytesByName(at('clip.pt'));
    expect(Object.keys(expected)).toHaveLength(58);
    expect(await bytesByName(there)).toEqual(expected);
    expect(await bytesByName(back)).toEqual(expected);
  });

  test('takes the visual tower of a CLIP, and changes the type of floats alone', async () => {
    const tower = at('vit.pth');
    expect((await umt('convert', at('clip.pt'), tower, '--what', 'clip-visual')).code).toBe(0);
    expect(Object.keys(await bytesByName(tower)).sort()).toEqual([...SHAPES.teacher.keys()].sort());
    await umt('convert', at('clip.pt'), at('half.safetensors'), '--dtype', 'bf16');
    const half = await openCheckpoint(at('half.safetensors'));
    expect(
      [...half.tensors.values()]
        .map(({ dtype }) => dtype)
        .sort()
        .slice(-2),
    ).toEqual(['BF16', 'I64']);
    const { data } = await half.read('text_projection');
    expect(Array.from(data, Number)).toEqual([0x3f80, 0x3f80, 0x3f80, 0x3f80]); // 1 + 3/1024 is nearest to 1
    await half.close();
  });

  test('keeps what a safetensors file says of itself, and says what PyTorch has no place for', async () => {
    const copy = at('copy.safetensors');
    await umt('convert', at('classifier.safetensors'), copy);
    expect(await readFile(copy)).toEqual(await readFile(at('classifier.safetensors')));
    const { err } = await umt('convert', at('classifier.safetensors'), at('classifier.pth'));
    expect(err).toBe('left out: umt.classifier\n');
  });

  test('replaces a file only when told to, and leaves it alone where something is wrong', async () => {
    const path = at('there-already.pth');
    await writeFile(path, 'mine');
    expectOneLine(await umt('convert', at('clip.pt'), path), 'it is there already; --overwrite replaces it', 1);
    expectOneLine(await umt('convert', at('text.pth'), path, '--overwrite'), 'neither a safetensors file', 1);
    const visual = await umt('convert', at('student.pth'), path, '--overwrite', '--what', 'clip-visual');
    expectOneLine(visual, 'it is no whole CLIP: no name begins with visual.', 1);
    expect(await readFile(path, 'utf8')).toBe('mine');
    expect((await umt('convert', at('clip.pt'), path, '--overwrite')).code).toBe(0);
    expectOneLine(await umt('convert', at('clip.pt'), at('x.onnx')), 'it is one of .safetensors, .pth, .pt, .bin', 2);
  });
});

describe('forward', () => {
  const words = (...more: readonly string[]) => [
    ...['forward', '--model', at('student.json'), '--weights', at('student.pth'), '--input', at('in.safetensors')],
    ...['--output', at('out.safetensors'), '--device', 'wasm', ...more],
  ];

  test.each(['student.pth', 'student.safetensors'])('gives the reference output with %s', async (weights) => {
    if (weights !== 'student.pth') await umt('convert', at('student.pth'), at(weights));
    const result = await umt(...words('--weights', at(weights)));
    expect(result).toMatchObject({ code: 0, out: expect.stringMatching(/^output +\[2, 2, 8, 10\]\nwritten to /) });
    const file = await openCheckpoint(at('out.safetensors'));
    const { data } = await file.read('output');
    expect(largestDifference(Array.from(data, Number), stage1.student.output.data)).toBeLessThan(2e-5);
    await file.close();
  });

  test.each<[string, readonly string[], string | RegExp, number]>([
    ['no such model', ['--model', 'nowhere.json'], 'nowhere.json: there is no such file', 2],
    ['no JSON', ['--model', 'text.pth'], /text\.pth: not valid JSON/, 2],
    ['no such weights', ['--weights', 'nowhere.pth'], 'nowhere.pth: there is no such file', 1],
    ['no weights', ['--weights', 'text.pth'], 'neither a safetensors file nor one of PyTorch', 1],
    ['other weights', ['--weights', 'plain.pth'], /plain\.pth: parameters do not fit the model: 64 missing/, 1],
    ['no input', ['--input', 'student.pth'], /student\.pth: it holds no tensor named video, but encoder/, 1],
    ['no target', ['--gradients'], /in\.safetensors: target: gradients need one/, 1],
    ['no such device', ['--device', 'quantum'], "there is no device 'quantum'", 2],
  ])('%s is answered in one line', async (_, more, message, code) => {
    const paths = more.map((word) => (/\.\w+$/.test(word) ? at(word) : word));
    expectOneLine(await umt(...words('--device', 'cpu', ...paths)), message, code);
  });

  test('does not pass over a misspelt mask', async () => {
    await saveSafetensors(at('misspelt.safetensors'), { video: videoInput(2), masks: maskInput() });
    const result = await umt(...words('--input', at('misspelt.safetensors')));
    expectOneLine(result, 'misspelt.safetensors: it holds masks; did you mean mask?', 1);
  });

  test('the library runs on any source of parameters', async () => {
    const { engine } = await loadEngine({ device: 'cpu' });
    setEngine(engine);
    const weights = arraySource(syntheticWeights(SHAPES.student));
    const { tensors } = await runForward({ spec: SPECS.student, weights, inputs: { video: videoInput(2) } });
    expect(tensors.get('output')?.shape).toEqual([2, 2, 32, 10]);
    setEngine(undefined);
    engine.dispose();
  });
});

describe('classify', () => {
  const weights = () => ['--weights', at('classifier.safetensors'), '--device', 'wasm'];

  test('shows the most likely classes of each video below its path', async () => {
    const { out, err, code } = await umt('classify', at('videos'), ...weights(), '--top', '2');
    expect(code).toBe(0);
    expect(err).toMatch(/^each video: 1 view of \d+ frames of \d+ x \d+ pixels\n$/);
    const [first, ...lines] = out.trimEnd().split('\n');
    expect(first).toBe(at('videos/box.mp4'));
    expect(lines).toHaveLength(5);
    expect(lines[0]).toMatch(new RegExp(`^ +[\\d.]+ % {2}(${CLASSES.join('|')})$`));
  });

  test('goes on after a broken video, names it, and ends with 1; --json gives an event for each', async () => {
    const videos = [at('videos/cup.mp4'), at('broken.mp4'), at('videos/box.mp4')];
    const result = await umt('classify', ...videos, ...weights(), '--json', '--labels', at('labels.txt'));
    const events = eventsOf(result);
    expect(events.map(({ type, path }) => [type, path])).toEqual([
      ['video', videos[0]],
      ['error', videos[1]],
      ['video', videos[2]],
    ]);
    expect(events[0]?.['predictions']).toHaveLength(5);
    expect(JSON.stringify(events[0])).toMatch(/"label":"(LEFT|RIGHT|UP|DOWN|STILL)","index":\d,"probability":0\.\d+/);
    expect(result.err).toMatch(/^umt: .*broken\.mp4.*\n$/);
    expect(result.code).toBe(1);
  });

  test('without labels shows class numbers', async () => {
    const sizes = ['--heads', '3', '--frames', '4', '--size', '48'];
    const { out } = await umt(
      'classify',
      at('videos/cup.mp4'),
      '--weights',
      at('plain.pth'),
      ...sizes,
      '--device',
      'cpu',
    );
    expect(out.match(/ % {2}class \d$/gm)).toHaveLength(5);
  });

  test.each<[string, readonly string[], string | RegExp, number]>([
    [
      'a student',
      ['--weights', 'made.safetensors'],
      /made\.safetensors: it is a UMT .*, no classifier; fine-tune it first/,
      1,
    ],
    ['other heads', ['--weights', 'plain.pth'], /plain\.pth: .*width, 24, makes no .*: say how many heads/, 1],
    ['no such labels', ['--labels', 'nowhere.txt'], 'nowhere.txt: there is no such file', 2],
    ['too few labels', ['--labels', 'text.pth'], 'labels: there are 1 of them for 5 classes', 2],
    ['no number', ['--clips', 'many'], /It must be a whole number from 1 on/, 2],
    ['nothing to show', ['--top', '0'], /It must be a whole number from 1 on/, 2],
  ])('%s is answered in one line', async (_, more, message, code) => {
    const paths = more.map((word) => (/\.\w+$/.test(word) ? at(word) : word));
    const words = ['classify', at('videos/cup.mp4'), ...weights(), '--device', 'cpu', ...paths];
    expectOneLine(await umt(...words), message, code);
  });
});

describe('features', () => {
  test('writes a vector for each video that can be read, in order', async () => {
    const videos = [at('videos/cup.mp4'), at('broken.mp4'), at('videos/box.mp4')];
    const output = at('features.safetensors');
    const options = ['--weights', at('made.safetensors'), '--device', 'wasm', '--output', output];
    const result = await umt('features', ...videos, ...options);
    expect(result).toMatchObject({ code: 1, out: `${output}: features [2, 24]\n` });
    const file = await openCheckpoint(output);
    expect(JSON.parse(file.metadata['videos'] ?? '')).toEqual([videos[0], videos[2]]);
    const both = await file.read('features');
    await file.close();
    await umt('features', at('videos/box.mp4'), ...options);
    const alone = await openCheckpoint(output);
    const { data } = await alone.read('features');
    await alone.close();
    expect(Array.from(data, Number)).toEqual(Array.from(both.data, Number).slice(24));
  });

  test('--tokens writes one for every token', async () => {
    const output = at('tokens.safetensors');
    const options = ['--weights', at('classifier.safetensors'), '--device', 'wasm', '--output', output, '--tokens'];
    const { out } = await umt('features', at('videos'), ...options, '--json');
    expect(JSON.parse(out)).toMatchObject({ type: 'result', name: 'tokens', shape: [2, 36, 24] });
    expectOneLine(await umt('features', at('videos'), ...options, '--clips', '2'), 'leave --clips and --crops out', 2);
  });

  test('of nothing but broken videos writes nothing', async () => {
    const output = at('none.safetensors');
    const options = ['--weights', at('made.safetensors'), '--device', 'wasm', '--output', output];
    const result = await umt('features', at('broken.mp4'), ...options);
    expect(result.code).toBe(1);
    expect(result.err).toMatch(/none of the videos could be read: nothing was written\n$/);
    await expect(readFile(output)).rejects.toThrow('ENOENT');
  });
});
