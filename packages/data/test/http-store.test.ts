import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { toRgb } from '@umt/video';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { createVideoClipLoader, httpStore, openShardSet, ShardSourceError, type HttpStoreOptions } from '@umt/data';
import { packedFrame, writeShards } from './shard-writer.ts';

/** How the server treats one request for a range: what it does in place of answering as it should. */
type Fault = (request: IncomingMessage, response: ServerResponse, body: Buffer) => void;

const root = mkdtempSync(join(tmpdir(), 'umt-http-'));
const sockets = new Set<Socket>();
let faults: (Fault | undefined)[] = [];
let always: Fault | undefined;
let requests: string[] = [];
let etag = '"one"';

const server = createServer((request, response) => {
  const { url = '', headers } = request;
  requests.push(headers.range ?? 'all');
  let file: Buffer;
  try {
    file = readFileSync(join(root, url));
  } catch {
    response.writeHead(404).end();
    return;
  }
  const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(headers.range ?? '') ?? [];
  if (first === undefined) {
    response.writeHead(200, { 'content-length': file.length }).end(file);
    return;
  }
  if (Number(first) >= file.length) {
    response.writeHead(416, { 'content-range': `bytes */${file.length}` }).end();
    return;
  }
  const body = file.subarray(Number(first), Number(last) + 1);
  const fault = faults.shift() ?? always;
  const end = Number(first) + body.length - 1;
  const range = { 'content-range': `bytes ${first}-${end}/${file.length}`, 'content-length': body.length, etag };
  if (fault) {
    for (const [name, value] of Object.entries(range)) response.setHeader(name, value);
    response.statusCode = 206;
    fault(request, response, body);
  } else {
    response.writeHead(206, range).end(body);
  }
});
server.on('connection', (socket) => {
  sockets.add(socket);
  socket.on('close', () => sockets.delete(socket));
});

let address = '';
beforeAll(async () => {
  await writeShards(join(root, 'set'), { encoding: 'rgb', counts: [3, 3] });
  await writeShards(join(root, 'jpegs'), { encoding: 'jpeg', counts: [3] });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(() => {
  faults = [];
  always = undefined;
  requests = [];
  etag = '"one"';
});
afterAll(() => {
  for (const socket of sockets) socket.destroy();
  server.close();
  rmSync(root, { recursive: true });
});

const tar = () => readFileSync(join(root, 'set', 'small-000000.tar'));
const store = (options: HttpStoreOptions = {}) =>
  httpStore(`${address}/set`, { stallMs: 400, retryDelayMs: 5, ...options });
const read = (options?: HttpStoreOptions) => store(options).read('small-000000.tar', 512, 5000);
const wanted = () => new Uint8Array(tar().subarray(512, 5512));

const stall: Fault = (_, response, body) => void response.write(body.subarray(0, 1000));
const drop: Fault = (_, response, body) => {
  response.write(body.subarray(0, 2000), () => response.destroy());
};
const refuse =
  (status: number): Fault =>
  (_, response) => {
    for (const name of response.getHeaderNames()) response.removeHeader(name);
    response.statusCode = status;
    response.end();
  };
/** Two hundred bytes every few milliseconds: longer in all than a request may stall. */
const trickle: Fault = (_, response, body) => {
  let at = 0;
  const next = () => {
    if (at >= body.length) return response.end();
    response.write(body.subarray(at, (at += 200)));
    setTimeout(next, 40);
    return undefined;
  };
  next();
};

test('reads a range as it is', async () => {
  expect(await read()).toEqual(wanted());
  expect(requests).toEqual(['bytes=512-5511']);
});

test('goes on where a stalled or dropped answer broke off', async () => {
  faults = [stall, drop];
  expect(await read()).toEqual(wanted());
  expect(requests).toEqual(['bytes=512-5511', 'bytes=1512-5511', 'bytes=3512-5511']);
});

test('a slow source is no stalled one', async () => {
  faults = [trickle];
  expect(await read()).toEqual(wanted());
  expect(requests).toHaveLength(1);
});

test('tries again after 500, 503 and 429', async () => {
  faults = [refuse(500), refuse(503), refuse(429)];
  expect(await read()).toEqual(wanted());
});

test.each([
  ['stalls', stall, 'nothing came for 0.4 s', 512 + 3 * 1000],
  ['drops', drop, '', 512 + 2 * 2000],
  ['answers 503', refuse(503), 'the server answered 503', 512],
] as const)('a source that %s for good is one line with address, offset and attempts', async (_, fault, cause, at) => {
  always = fault;
  const attempts = fault === drop ? 2 : 3;
  const failure = await read({ attempts }).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(ShardSourceError);
  const { message } = failure as Error;
  expect(message).toContain(
    `${address}/set/small-000000.tar: it cannot be read on at byte ${at} after ${attempts} attempts, the last: ${cause}`,
  );
  expect(message).not.toContain('\n');
  expect(requests).toHaveLength(attempts);
});

test('a server that is not there is told as such', async () => {
  const gone = httpStore('http://127.0.0.1:9/set', { attempts: 2, retryDelayMs: 1 });
  await expect(gone.read('a.tar', 0, 5)).rejects.toThrow(
    'http://127.0.0.1:9/set/a.tar: it cannot be read on at byte 0',
  );
});

test('a server without range requests, other bytes than asked for, and a file that changes are errors at once', async () => {
  faults = [(_, response, body) => void response.writeHead(200).end(body)];
  await expect(read()).rejects.toThrow('answered 200 to a request for a range, not 206');
  faults = [(_, response, body) => void response.setHeader('content-range', 'bytes 0-4999/9999').end(body)];
  await expect(read()).rejects.toThrow('the server sent bytes 0-4999 where 512-5511 were asked for');
  const one = store();
  await one.read('small-000000.tar', 0, 10);
  etag = '"two"';
  await expect(one.read('small-000000.tar', 0, 10)).rejects.toThrow('it changed while it was being read');
  expect(requests).toHaveLength(4);
});

test('a missing file and one that ends early are the fault of their samples', async () => {
  await expect(store().read('no.tar', 0, 10)).rejects.toMatchObject({ kind: 'not-found' });
  const { length } = tar();
  await expect(store().read('small-000000.tar', length - 5, 10)).rejects.toMatchObject({ kind: 'undecodable' });
  await expect(store().read('small-000000.tar', length + 5, 10)).rejects.toMatchObject({ kind: 'undecodable' });
  expect(requests).toHaveLength(3);
});

test('few requests are under way at a time', async () => {
  let running = 0;
  let most = 0;
  always = (_, response, body) => {
    most = Math.max(most, ++running);
    setTimeout(() => {
      running--;
      response.end(body);
    }, 5);
  };
  const one = store({ concurrency: 3 });
  await Promise.all(Array.from({ length: 12 }, (_, i) => one.read('small-000000.tar', i, 10)));
  expect(most).toBe(3);
});

test('a shard set is read from its address, through faults, to the same frames', async () => {
  faults = [drop, stall, refuse(502)];
  const set = await openShardSet(store());
  expect((await set.entryAt(4)).path).toBe('video-4.mp4');
  for await (const picture of (await set.open(4)).frames([2])) {
    expect(toRgb(picture).data).toEqual(packedFrame(4, 2, 40, 30));
  }
  await expect(openShardSet(`${address}/nothing`)).rejects.toThrow('no complete shard set is here');
});

test('an epoch over HTTP gives the clips of the folder', async () => {
  const clips = async (place: string) => {
    const loader = createVideoClipLoader({
      entries: await openShardSet(place),
      seed: 2,
      clip: { frames: 3, size: 16 },
      batchSize: 3,
    });
    const all: number[][] = [];
    for await (const { video, labels } of loader.batches(0)) all.push([...video, ...labels.map(Number)]);
    await loader.close();
    return all;
  };
  expect(await clips(`${address}/jpegs/index.json`)).toEqual(await clips(join(root, 'jpegs')));
});
