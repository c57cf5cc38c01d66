import { gzipSync } from 'node:zlib';
import {
  callFields,
  callFrame,
  END_HEADERS,
  END_STREAM,
  frame,
  headerBlock,
  message,
  opening,
  resetFrame,
  uint32,
  ZERO_WINDOW,
} from '../../support/http2-frames.js';
import { type Flood, flood, type Hand, hold } from './hand.js';

/** Something that a stranger does to the service for some seconds. */
export type Attack = {
  /** What it sends, as the table of the documentation names it. */
  readonly name: string;
  /** `bounded`: what the service itself bounds. `flood`: as many frames as HTTP/2 carries, on few connections. */
  readonly kind: 'bounded' | 'flood';
  /** Also from the address of the honest callers, whose good tokens pass. */
  readonly isAtHome?: true;
  run(hand: Hand): Promise<void>;
};

const WATCH_HEALTH = '/grpc.health.v1.Health/Watch';
const REFLECT = '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo';
const GET = '/whatsapp.privacy.v1.PrivacyService/GetPrivacySettings';
const LIST = '/whatsapp.privacy.v1.InstanceService/ListInstances';

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

/** Streams one after another, each of these frames with the same number. */
function streams(count: number, parts: (stream: number) => Buffer[]): Flood['batch'] {
  return first => {
    const each = Array.from({ length: count }, (_, index) => parts(first + 2 * index));
    return { bytes: Buffer.concat(each.flat()), units: count, streams: count };
  };
}

/** The same frame over and over. */
function repeated(one: Buffer, count: number): Flood['batch'] {
  const bytes = Buffer.concat(Array.from({ length: count }, () => one));
  return () => ({ bytes, units: count, streams: 0 });
}

/** A call whose caller ends its side. */
const call =
  (path: string, more?: Readonly<Record<string, string>>, body: Uint8Array = message()) =>
  (stream: number) => [
    callFrame(path, stream, more),
    frame({ type: 'data', flags: END_STREAM, stream, payload: body }),
  ];

/** A call's headers, without what follows them. */
const begun = (path: string, more?: Readonly<Record<string, string>>) => (stream: number) => [
  callFrame(path, stream, more),
];

/** So many streams on one connection, all at once. */
const side = (count: number, parts: (stream: number) => Buffer[]): Buffer =>
  Buffer.concat([opening(), streams(count, parts)(1).bytes]);

const SYMBOL = Buffer.from('whatsapp.privacy.v1.PrivacyService');
/** `file_containing_symbol`, with an answer of 70 KB. */
const QUESTION = Buffer.concat([Buffer.from([0x22, SYMBOL.length]), SYMBOL]);

const bounded = (name: string, run: Attack['run']): Attack => ({ name, kind: 'bounded', run });
const floods = (name: string, how: (hand: Hand) => Flood, connections = 4): Attack => ({
  name,
  kind: 'flood',
  run: hand => flood(hand, connections, how(hand)),
});

/** 1 MB of nothing, compressed to a thousandth. */
const bomb = () => gzipSync(Buffer.alloc(1_000_000));

export const ATTACKS: readonly Attack[] = [
  bounded('100 health watches on each of 900 connections', hand =>
    hold(hand, 900, side(100, call(WATCH_HEALTH)), 100),
  ),
  bounded('questions to reflection', hand =>
    flood(hand, 4, {
      first: callFrame(REFLECT, 1),
      batch: repeated(frame({ type: 'data', stream: 1, payload: message(QUESTION) }), 50),
    }),
  ),
  bounded('4,100 connections that say nothing', hand => hold(hand, 4_100, new Uint8Array())),
  bounded('4,100 connections that say the preface', hand => hold(hand, 4_100, opening())),
  bounded('100 refused calls left open on each of 200 connections', hand =>
    hold(hand, 200, side(100, begun(GET)), 100),
  ),
  {
    ...floods('bad tokens, from the address of the callers', () => ({
      batch: streams(10, call(LIST, bearer('wap_no-such-token'))),
    })),
    isAtHome: true,
  },
  floods('headers and reset, with a good token', ({ token }) => {
    const headers = begun(LIST, bearer(token));
    return { batch: streams(200, stream => [...headers(stream), resetFrame(stream)]) };
  }),
  floods('headers and reset, without a token', () => {
    const headers = begun(LIST);
    return { batch: streams(200, stream => [...headers(stream), resetFrame(stream)]) };
  }),
  floods('headers, message and reset', ({ token }) => {
    const whole = call(LIST, bearer(token));
    return { batch: streams(200, stream => [...whole(stream), resetFrame(stream)]) };
  }),
  floods('calls without a token', () => ({ batch: streams(100, call(LIST)) })),
  floods('calls with a good token, beyond its limit', ({ token }) => ({
    batch: streams(100, call(LIST, bearer(token))),
  })),
  floods('an unknown method with a path of 4 KB', () => ({
    batch: streams(20, call(`/no.such.Service/${'x'.repeat(4_000)}`)),
  })),
  floods('55 KB of metadata', () => {
    // A frame holds 16 KB, so that the block goes on in others.
    const block = headerBlock(callFields(LIST, { 'x-much': 'x'.repeat(55_000) }));
    const parts = [0, 1, 2, 3].map(part => block.subarray(part * 16_000, (part + 1) * 16_000));
    return {
      batch: streams(1, stream =>
        parts.map((payload, part) => {
          const flags = (part === 0 ? END_STREAM : 0) | (part === parts.length - 1 ? END_HEADERS : 0);
          return frame({ type: part === 0 ? 'headers' : 'continuation', flags, stream, payload });
        }),
      ),
    };
  }),
  floods('messages that grow a thousandfold', ({ token }) => ({
    batch: streams(20, call(LIST, { ...bearer(token), 'grpc-encoding': 'gzip' }, message(bomb(), true))),
  })),
  floods('calls whose answers have no room', () => ({
    settings: ZERO_WINDOW,
    batch: streams(100, call(LIST)),
  })),
  floods('window updates', () => ({
    batch: repeated(frame({ type: 'windowUpdate', payload: uint32(1) }), 2_000),
  })),
  floods('health checks', () => ({ batch: streams(100, call('/grpc.health.v1.Health/Check')) })),
  floods('pings', () => ({ batch: repeated(frame({ type: 'ping', payload: Buffer.alloc(8) }), 2_000) })),
  floods('pings whose answers are not read', () => ({
    isReading: false,
    batch: repeated(frame({ type: 'ping', payload: Buffer.alloc(8) }), 2_000),
  })),
  floods('settings', () => ({ batch: repeated(frame({ type: 'settings' }), 2_000) })),
  floods('settings whose answers are not read', () => ({
    isReading: false,
    batch: repeated(frame({ type: 'settings' }), 2_000),
  })),
  floods('continued headers without end', () => ({
    first: frame({ type: 'headers', stream: 1, payload: headerBlock(callFields(LIST)) }),
    batch: repeated(frame({ type: 'continuation', stream: 1 }), 2_000),
  })),
  floods('empty data', ({ token }) => ({
    first: callFrame(LIST, 1, bearer(token)),
    batch: repeated(frame({ type: 'data', stream: 1 }), 2_000),
  })),
  floods('priorities', () => ({
    batch: streams(500, stream => [
      frame({ type: 'priority', stream, payload: Buffer.from([0, 0, 0, 0, 1]) }),
    ]),
  })),
  floods(
    'connections that end at once',
    () => ({ batch: () => ({ bytes: Buffer.alloc(1), units: 1, streams: 2 ** 30 }) }),
    20,
  ),
];
