import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { opening } from '../../support/http2-frames.js';

/** What an attacker has at hand: connections to the service, its time, and a count of what it sent. */
export type Hand = {
  readonly port: number;
  /** The address that it comes from. */
  readonly from: string;
  /** A good token, for the attacks of those who have one. */
  readonly token: string;
  readonly isOver: () => boolean;
  sent(units: number): void;
};

/** Who floods comes again at once. */
const AGAIN_MS = 2;
/** Who wants to hold many opens one after another. */
const APART_MS = 1;
/** Who holds connections comes again in the place of each that was closed. */
const TURNED_AWAY_MS = 1000;

/** A connection; undefined where none is had. */
export async function open({ port, from }: Hand): Promise<Socket | undefined> {
  const socket = connect({ port, host: '127.0.0.1', localAddress: from, noDelay: true });
  socket.on('error', () => undefined);
  const [outcome] = await Promise.race([
    once(socket, 'connect').then(() => ['open'] as const),
    once(socket, 'close').then(() => ['closed'] as const),
  ]).catch(() => ['closed'] as const);
  return outcome === 'open' ? socket : undefined;
}

/** Opens so many connections that say this and no more, and keeps as many open until the time is over. */
export async function hold(hand: Hand, connections: number, said: Uint8Array, units = 1): Promise<void> {
  const one = async (number: number) => {
    await wait(number * APART_MS);
    while (!hand.isOver()) {
      const socket = await open(hand);
      if (socket) {
        socket.resume().write(said);
        hand.sent(units);
        await closedOr(socket, hand);
      }
      await wait(TURNED_AWAY_MS);
    }
  };
  await Promise.all(Array.from({ length: connections }, (_, number) => one(number)));
}

/** How a flood is sent. */
export type Flood = {
  /** The settings with which a connection begins. */
  readonly settings?: Uint8Array;
  /** What is sent once, behind them. */
  readonly first?: Uint8Array;
  /** Whether what the service sends is taken in. */
  readonly isReading?: boolean;
  /** What is sent again and again; its streams have the numbers from this one. */
  batch(stream: number): { readonly bytes: Buffer; readonly units: number; readonly streams: number };
};

/** Sends on these connections as much as they take, and opens new ones for those that are closed. */
export async function flood(hand: Hand, connections: number, how: Flood): Promise<void> {
  const send = async () => {
    while (!hand.isOver()) {
      const socket = await open(hand);
      if (!socket) {
        await wait(AGAIN_MS);
        continue;
      }
      if (how.isReading !== false) socket.resume();
      socket.write(opening(how.settings));
      if (how.first) socket.write(how.first);
      for (let stream = 1; socket.writable && !hand.isOver() && stream < 2 ** 30; ) {
        const { bytes, units, streams } = how.batch(stream);
        stream += 2 * streams;
        hand.sent(units);
        if (!socket.write(bytes))
          await Promise.race([once(socket, 'drain').catch(() => undefined), closedOr(socket, hand)]);
        else await wait(0);
      }
      socket.destroy();
    }
  };
  await Promise.all(Array.from({ length: connections }, send));
}

/** Until it is closed or the time is over. */
async function closedOr(socket: Socket, hand: Hand): Promise<void> {
  const closed = once(socket, 'close').catch(() => undefined);
  while (!socket.closed && !hand.isOver()) await Promise.race([closed, wait(100)]);
}
