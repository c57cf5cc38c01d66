import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readProxyHeader } from '../../../src/grpc/peers/proxy-protocol.js';

const SIGNATURE = '0d0a0d0a000d0a515549540a';
const hex = (...parts: string[]) => Buffer.from(parts.join('').replaceAll(' ', ''), 'hex');
const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

const header = (bytes: Buffer, source?: { address: string; port: number }) => ({
  kind: 'header',
  length: bytes.length,
  source,
});

/** The lines of section 2.1 of the specification, each the longest of its kind, and some more. */
const V1 = [
  ['PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535', { address: '255.255.255.255', port: 65_535 }],
  [
    `PROXY TCP6 ${Array(8).fill('ffff').join(':')} ${Array(8).fill('ffff').join(':')} 65535 65535`,
    { address: Array(8).fill('ffff').join(':'), port: 65_535 },
  ],
  ['PROXY UNKNOWN', undefined],
  [
    `PROXY UNKNOWN ${Array(8).fill('ffff').join(':')} ${Array(8).fill('ffff').join(':')} 65535 65535`,
    undefined,
  ],
  ['PROXY TCP4 192.168.0.1 192.168.0.11 56324 443', { address: '192.168.0.1', port: 56_324 }],
  ['PROXY TCP6 2001:DB8:0:0::7 ::1 1 0', { address: '2001:db8::7', port: 1 }],
] as const;

/** By section 2.2: command and family, length, addresses, extensions. */
const V2 = [
  ['TCP over IPv4', '21 11 000c c0000207 c6336401 dc04 01bb', { address: '192.0.2.7', port: 56_324 }],
  [
    'TCP over IPv6',
    '21 21 0024 20010db8000000000000000000000007 00000000000000000000000000000001 dc04 01bb',
    { address: '2001:db8::7', port: 56_324 },
  ],
  [
    'IPv4 in IPv6',
    '21 21 0024 00000000000000000000ffffc0000207 00000000000000000000000000000001 dc04 01bb',
    { address: '::ffff:192.0.2.7', port: 56_324 },
  ],
  [
    'extensions',
    '21 11 0013 c0000207 c6336401 dc04 01bb 04 0004 00000000',
    { address: '192.0.2.7', port: 56_324 },
  ],
  ['the hop itself (LOCAL)', '20 00 0000', undefined],
  ['the hop itself, with addresses', '20 11 000c c0000207 c6336401 dc04 01bb', undefined],
  ['no family', '21 00 0003 ffffff', undefined],
  ['UDP', '21 12 000c c0000207 c6336401 dc04 01bb', undefined],
] as const;

describe('a header is read', () => {
  test.each(V1)('%s', (line, source) => {
    const bytes = Buffer.from(`${line}\r\n`);
    expect(readProxyHeader(Buffer.concat([bytes, PREFACE]))).toEqual(header(bytes, source));
  });

  test.each(V2)('version 2 with %s', (_, rest, source) => {
    const bytes = hex(SIGNATURE, rest);
    expect(readProxyHeader(Buffer.concat([bytes, PREFACE]))).toEqual(header(bytes, source));
  });

  test('at whatever byte it is cut, it is waited for', () => {
    for (const bytes of [
      ...V1.map(([line]) => Buffer.from(`${line}\r\n`)),
      ...V2.map(([, rest]) => hex(SIGNATURE, rest)),
    ]) {
      for (let length = 0; length < bytes.length; length++)
        expect(readProxyHeader(bytes.subarray(0, length))).toEqual({ kind: 'unfinished' });
    }
  });
});

describe('what is no header is left alone', () => {
  test.each([
    ['the preface of HTTP/2', PREFACE],
    ['a TLS handshake', hex('16030100c8010000')],
    ['another method of HTTP', Buffer.from('GET / HTTP/1.1\r\n')],
    ['the name in other letters', Buffer.from('proxy TCP4')],
  ])('%s', (_, bytes) => expect(readProxyHeader(bytes)).toEqual({ kind: 'none' }));
});

describe('a broken header is told', () => {
  test.each([
    'PROXY TCP4 192.0.2.7 198.51.100.1 56324\r\n',
    'PROXY TCP4 192.0.2.7 198.51.100.1 56324 443 5\r\n',
    'PROXY TCP4 192.0.2.7 198.51.100.1 65536 443\r\n',
    'PROXY TCP4 192.0.2.7 198.51.100.1 056 443\r\n',
    'PROXY TCP4 192.0.2.7 198.51.100.1  443\r\n',
    'PROXY TCP4 192.0.2.07 198.51.100.1 1 443\r\n',
    'PROXY TCP4 2001:db8::7 ::1 1 443\r\n',
    'PROXY TCP6 192.0.2.7 198.51.100.1 1 443\r\n',
    'PROXY TCP6 fe80::1%eth0 ::1 1 443\r\n',
    'PROXY UDP4 192.0.2.7 198.51.100.1 1 443\r\n',
    'PROXY \r\n',
    `PROXY UNKNOWN ${'x'.repeat(200)}`,
  ])('%j', line => expect(readProxyHeader(Buffer.from(line))).toEqual({ kind: 'broken' }));

  test.each([
    ['version 1 in binary', '11 11 000c c0000207 c6336401 dc04 01bb'],
    ['another command', '22 11 000c c0000207 c6336401 dc04 01bb'],
    ['no room for its addresses', '21 11 000b c0000207 c6336401 dc04 01'],
    ['no room for those of IPv6', '21 21 000c c0000207 c6336401 dc04 01bb'],
  ])('%s', (_, rest) => expect(readProxyHeader(hex(SIGNATURE, rest))).toEqual({ kind: 'broken' }));
});

describe('whatever comes', () => {
  const address = fc.oneof(fc.ipV4(), fc.ipV6());
  const port = fc.integer({ min: 0, max: 65_535 });

  test('nothing is thrown, and no header ends beyond what has come', () => {
    const signed = fc
      .tuple(
        fc.constantFrom('PROXY ', 'PROXY TCP4 ', '\r\n\r\n\0\r\nQUIT\n', '\r\n\r\n\0\r\nQUIT\n!'),
        fc.uint8Array(),
      )
      .map(([start, rest]) => Buffer.concat([Buffer.from(start, 'latin1'), rest]));
    fc.assert(
      fc.property(fc.oneof(signed, fc.uint8Array().map(Buffer.from)), bytes => {
        const read = readProxyHeader(Buffer.from(bytes));
        if (read.kind === 'header') expect(read.length).toBeLessThanOrEqual(bytes.length);
      }),
    );
  });

  test('a valid line is read, and what follows changes nothing', () => {
    fc.assert(
      fc.property(address, port, fc.uint8Array(), (source, sourcePort, rest) => {
        const family = source.includes(':') ? 'TCP6' : 'TCP4';
        const target = family === 'TCP6' ? '::1' : '127.0.0.1';
        const line = Buffer.from(`PROXY ${family} ${source} ${target} ${sourcePort} 443\r\n`);
        const read = readProxyHeader(Buffer.concat([line, rest]));
        expect(read).toMatchObject({ kind: 'header', length: line.length, source: { port: sourcePort } });
      }),
    );
  });
});
