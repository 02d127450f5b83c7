import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import type { Engine, JoinedCollective, Membership } from '@umt/tensor';
import { TorchCollective, type TransportName } from '../collective/torch-collective.ts';
import { CollectiveError } from '../errors.ts';
import type { Torch } from '../torch/torch.ts';

/** How long processes wait for each other at the start, as torch's own do. */
const TIMEOUT_SECONDS = 300;
/** How long to wait between two looks, in milliseconds. */
const LOOK_MS = 50;

/** What a process leaves at the meeting point. */
interface Card {
  readonly worldSize: number;
  readonly device: 'cpu' | 'cuda';
  /** What it would move tensors by. */
  readonly transport: TransportName;
  /** Where other ranks reach it; for rank 0 others know better. */
  readonly address: string;
  readonly port: number;
  /** Rank 0's address as this process found it; null on rank 0. */
  readonly master: string | null;
}

/** What rank 0 decides. */
interface Start {
  /** What proves a connection to be of this run. */
  readonly token: string;
  /** What NCCL's ranks meet by; empty on the CPU. */
  readonly ncclId: string;
}

/**
 * Joins the other processes of a run: they find each other through torch's TCPStore at the master's port, which rank 0 opens
 * or the launcher has, and then connect among themselves. On CPUs they take Gloo, or the ring where one of them has no Gloo or is
 * told to by UMT_COLLECTIVE=ring.
 *
 * @throws CollectiveError in one line: nobody answers, a port is taken, a rank is missing, there twice, or of another run
 */
export async function joinRanks(
  engine: Engine,
  torch: Torch,
  membership: Membership,
  timeoutSeconds = TIMEOUT_SECONDS,
): Promise<JoinedCollective> {
  const { rank, worldSize } = membership;
  const deadline = Date.now() + 1000 * timeoutSeconds;
  const transport = transportOf(torch);
  try {
    const seen = await openStore(torch, membership, deadline, timeoutSeconds);
    const card = {
      worldSize,
      device: torch.device.type,
      transport,
      ...seen,
      port: torch.ranks.listenForRanks(worldSize),
    };
    const store = meetingPoint(torch, membership);
    if (store.get(`rank/${rank}`) !== '') {
      throw new CollectiveError(`rank ${rank} is there twice: every process needs a RANK of its own`);
    }
    store.set(`rank/${rank}`, JSON.stringify(card satisfies Card));
    if (rank === 0) store.set('start', JSON.stringify(newStart(torch)));
    const cards = await gatherCards(store, card, membership, deadline, timeoutSeconds);
    const { token, ncclId } = JSON.parse(await store.wait('start', deadline)) as Start;
    const lines = addressesOf(cards).join('\n');
    const agreed = cards.some((one) => one.transport === 'ring') ? 'ring' : transport;
    const collective = new TorchCollective(engine, torch, membership, agreed);
    const isOverRing = Number(agreed === 'ring');
    await collective.settled(torch.ranks.joinRanks(rank, lines, token, torch.deviceNumber, ncclId, isOverRing));
    return collective;
  } catch (error) {
    torch.ranks.partFromRanks(0);
    throw error;
  }
}

/** @throws CollectiveError where UMT_COLLECTIVE asks for what there is not */
function transportOf(torch: Torch): TransportName {
  const wanted = process.env['UMT_COLLECTIVE'] || null;
  if (wanted !== null && wanted !== 'ring') {
    throw new CollectiveError(
      `the environment variable UMT_COLLECTIVE is '${wanted}'; it can only be ring, or left out`,
    );
  }
  if (torch.device.type === 'cuda') return 'nccl';
  return wanted === null && torch.ranks.hasGloo() ? 'gloo' : 'ring';
}

/** The keys and values of this attempt of the run, at the meeting point. */
interface MeetingPoint {
  /** Empty while there is none. */
  get(key: string): string;
  set(key: string, value: string): void;
  wait(key: string, deadline: number): Promise<string>;
}

function meetingPoint(torch: Torch, { masterAddress, masterPort }: Membership): MeetingPoint {
  const guard = <T>(call: () => T): T => {
    try {
      return call();
    } catch (cause) {
      throw new CollectiveError(
        `the meeting point at ${masterAddress}:${masterPort} is gone: rank 0 or the launcher ended; see what it printed`,
        { cause },
      );
    }
  };
  const get = (key: string) => guard(() => torch.ranks.storeGet(`umt/${key}`));
  return {
    get,
    set: (key, value) => guard(() => torch.ranks.storeSet(`umt/${key}`, value)),
    async wait(key, deadline) {
      for (;;) {
        const value = get(key);
        if (value !== '' || Date.now() > deadline) return value;
        await sleep(LOOK_MS);
      }
    },
  };
}

/** Opens the meeting point, or finds it; returns under which addresses this process and the master are seen. */
async function openStore(
  torch: Torch,
  { rank, masterAddress, masterPort, launcherPrefix }: Membership,
  deadline: number,
  timeoutSeconds: number,
): Promise<{ readonly address: string; readonly master: string | null }> {
  const isServer = rank === 0 && launcherPrefix === null;
  const seen = isServer ? null : await findMaster(masterAddress, masterPort, deadline);
  if (!isServer && !seen) {
    throw new CollectiveError(
      `rank ${rank}: nobody answers at ${masterAddress}:${masterPort} after ${timeoutSeconds} s; ` +
        'rank 0 must run there, and MASTER_ADDR and MASTER_PORT be the same for all',
    );
  }
  try {
    torch.ranks.openStore(masterAddress, masterPort, Number(isServer), launcherPrefix ?? '', timeoutSeconds);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    if (isServer && /listen|bind|address already in use|EADDRINUSE/i.test(reason)) {
      throw new CollectiveError(
        `rank 0 cannot open port ${masterPort}: another run has it; set MASTER_PORT to a free one, the same for all`,
        { cause },
      );
    }
    throw new CollectiveError(`no meeting point at ${masterAddress}:${masterPort}: ${reason}`, { cause });
  }
  return { address: seen?.address ?? masterAddress, master: rank === 0 ? null : (seen?.master ?? null) };
}

/** Tries to connect until somebody answers; null after the deadline. */
async function findMaster(
  host: string,
  port: number,
  deadline: number,
): Promise<{ readonly address: string; readonly master: string } | null> {
  while (Date.now() < deadline) {
    const socket = connect({ host, port });
    try {
      await connected(socket);
      return { address: plain(socket.localAddress), master: plain(socket.remoteAddress) };
    } catch {
      await sleep(4 * LOOK_MS); // not there yet
    } finally {
      socket.destroy();
    }
  }
  return null;
}

function connected(socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket
      .setTimeout(5000, () => reject(new Error('no answer')))
      .once('connect', resolve)
      .once('error', reject);
  });
}

/** An IPv4 address that came through an IPv6 socket, as itself. */
function plain(address: string | undefined): string {
  return (address ?? '').replace(/^::ffff:/, '');
}

async function gatherCards(
  store: MeetingPoint,
  own: Card,
  { rank, worldSize }: Membership,
  deadline: number,
  timeoutSeconds: number,
): Promise<readonly Card[]> {
  const cards: Card[] = [];
  for (let other = 0; other < worldSize; other++) {
    const text = await store.wait(`rank/${other}`, deadline);
    if (text === '') {
      const missing = Array.from({ length: worldSize }, (_, one) => one).filter(
        (one) => store.get(`rank/${one}`) === '',
      );
      const these = missing.length === 1 ? `rank ${missing[0]}` : `ranks ${missing.join(', ')}`;
      throw new CollectiveError(
        `${these} of ${worldSize} did not come within ${timeoutSeconds} s: start as many processes as WORLD_SIZE says`,
      );
    }
    const card = JSON.parse(text) as Card;
    if (card.worldSize !== own.worldSize) {
      throw new CollectiveError(
        `rank ${other} was started for ${card.worldSize} processes, rank ${rank} for ${own.worldSize}: WORLD_SIZE must be the same for all`,
      );
    }
    if (card.device !== own.device) {
      throw new CollectiveError(
        `rank ${other} computes on ${card.device}, rank ${rank} on ${own.device}: all must be on the same kind of device`,
      );
    }
    cards.push(card);
  }
  return cards;
}

/** "address port" of each rank. Rank 0 may know itself by a name that leads nowhere elsewhere: others say how they found it. */
function addressesOf(cards: readonly Card[]): readonly string[] {
  const found = cards.flatMap(({ master }) => master ?? []);
  const master = found.find((address) => !/^127\.|^::1$/.test(address)) ?? found[0];
  return cards.map(({ address, port }, rank) => `${rank === 0 ? (master ?? address) : address} ${port}`);
}

function newStart(torch: Torch): Start {
  const ncclId = torch.device.type === 'cuda' ? torch.ranks.newNcclId() : '';
  return { token: randomBytes(16).toString('hex'), ncclId };
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
