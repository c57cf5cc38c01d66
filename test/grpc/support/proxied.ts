import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { onTestFinished } from 'vitest';
import type { Api } from './api.js';

/** A connection to the port, gone when the test ends. */
export function connectRaw({ port }: Api): Socket {
  const socket = connectTcp(port, '127.0.0.1').on('error', () => {});
  onTestFinished(() => void socket.destroy());
  return socket;
}

/** The line of the PROXY protocol that tells of this caller. */
export const proxyLine = (caller: string) =>
  `PROXY ${caller.includes(':') ? 'TCP6' : 'TCP4'} ${caller} ${caller.includes(':') ? '::1' : '127.0.0.1'} 5000 443\r\n`;

/** Speaks HTTP/2 after a header; gone when the test ends. */
export function speakAfter(api: Api, header: string | Buffer, ca?: string): ClientHttp2Session {
  const socket = connectRaw(api);
  socket.write(header);
  const session = ca
    ? connectHttp2(`https://localhost:${api.port}`, {
        createConnection: () => connectTls({ socket, ca, ALPNProtocols: ['h2'], servername: 'localhost' }),
      })
    : connectHttp2(`http://${api.address}`, { createConnection: () => socket });
  session.on('error', () => {});
  onTestFinished(() => session.destroy());
  return session;
}

/** Opens a call by hand; its answer is thrown away. */
export function openCall(session: ClientHttp2Session, path: string, secret?: string) {
  const headers = { ':method': 'POST', ':path': path, 'content-type': 'application/grpc', te: 'trailers' };
  const stream = session.request({ ...headers, ...(secret && { authorization: `Bearer ${secret}` }) });
  stream.on('error', () => {}).resume();
  return stream;
}

/** Whether the server speaks HTTP/2 with it, or closes it. */
export const isServed = (session: ClientHttp2Session): Promise<boolean> =>
  new Promise(resolve => {
    session.once('remoteSettings', () => resolve(true)).once('close', () => resolve(false));
  });
