import { isIPv4, isIPv6, SocketAddress } from 'node:net';

/*
 * The header with which a hop tells whose connection it passes on, before anything else on it. "The PROXY protocol,
 * versions 1 & 2" (HAProxy, doc/proxy-protocol.txt, 2020/03/05), sections 2.1 and 2.2:
 *
 *   PROXY TCP4 192.0.2.7 198.51.100.1 56324 443\r\n
 *
 *   0D 0A 0D 0A 00 0D 0A 51 55 49 54 0A | version 2, command | family, protocol | length | addresses | extensions
 */

/** What the first bytes of a connection are. */
export type ProxyHeader =
  /** They may still become a header. */
  | { readonly kind: 'unfinished' }
  /** No header; the first bytes of what is spoken on the connection. */
  | { readonly kind: 'none' }
  | { readonly kind: 'broken' }
  /** What is spoken begins after `length` bytes. */
  | { readonly kind: 'header'; readonly length: number; readonly source: Source | undefined };

/** Who made the connection; undefined when it was the hop itself, or no address tells it. */
export type Source = { readonly address: string; readonly port: number };

const V1 = Buffer.from('PROXY ');
const V2 = Buffer.from('\r\n\r\n\0\r\nQUIT\n');

/** Reads the header, if the connection begins with one. */
export function readProxyHeader(bytes: Buffer): ProxyHeader {
  if (beginsAlike(bytes, V2)) return bytes.length < V2_FIXED ? UNFINISHED : readV2(bytes);
  if (beginsAlike(bytes, V1)) return readV1(bytes);
  return { kind: 'none' };
}

/** Whether one begins with all there is of the other. */
const beginsAlike = (bytes: Buffer, signature: Buffer) =>
  bytes.subarray(0, signature.length).equals(signature.subarray(0, bytes.length));

const UNFINISHED: ProxyHeader = { kind: 'unfinished' };
const BROKEN: ProxyHeader = { kind: 'broken' };

/** With its CRLF; more than any valid line has. */
const LONGEST_V1 = 107;
const PORT = /^(?:0|[1-9]\d{0,4})$/;

function readV1(bytes: Buffer): ProxyHeader {
  const end = bytes.subarray(0, LONGEST_V1).indexOf('\r\n');
  if (end < 0) return bytes.length < LONGEST_V1 ? UNFINISHED : BROKEN;
  const length = end + 2;
  const [, family, source = '', target = '', ...ports] = bytes.toString('latin1', 0, end).split(' ');
  if (family === 'UNKNOWN') return { kind: 'header', length, source: undefined };
  const isOfFamily = family === 'TCP4' ? isIPv4 : family === 'TCP6' ? isIPv6 : () => false;
  const arePorts = ports.length === 2 && ports.every(port => PORT.test(port) && Number(port) <= 65_535);
  if (!arePorts || ![source, target].every(isOfFamily) || source.includes('%')) return BROKEN;
  return { kind: 'header', length, source: { address: plain(source), port: Number(ports[0]) } };
}

/** Signature, command, family and length. */
const V2_FIXED = 16;
const LOCAL = 0x20;
const PROXY = 0x21;
/** The bytes of both addresses and ports, of the families that name an address of the network. */
const ADDRESSES = { 17: 12, 33: 36 } as const;

function readV2(bytes: Buffer): ProxyHeader {
  const [command, family] = [bytes.readUInt8(12), bytes.readUInt8(13)];
  if (command !== LOCAL && command !== PROXY) return BROKEN;
  const length = V2_FIXED + bytes.readUInt16BE(14);
  const addresses = family === 0x11 || family === 0x21 ? ADDRESSES[family] : 0;
  if (command === PROXY && length < V2_FIXED + addresses) return BROKEN;
  if (bytes.length < length) return UNFINISHED;
  if (command === LOCAL || addresses === 0) return { kind: 'header', length, source: undefined };
  const size = (addresses - 4) / 2;
  const raw = bytes.subarray(V2_FIXED, V2_FIXED + size);
  const address =
    family === 0x11 ? raw.join('.') : plain((raw.toString('hex').match(/.{4}/g) ?? []).join(':'));
  return { kind: 'header', length, source: { address, port: bytes.readUInt16BE(V2_FIXED + 2 * size) } };
}

/** As sockets write it: shortened, in lower case. */
const plain = (address: string) =>
  isIPv4(address) ? address : new SocketAddress({ address, family: 'ipv6' }).address;
