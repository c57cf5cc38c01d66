import { createServer as createHttpServer, type Server as HttpServer, type IncomingMessage } from 'node:http';
import { createServer as createHttpsServer, type Server as HttpsServer } from 'node:https';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { certificate } from './certificate.js';

/** Who may use a proxy. */
export const USER = 'desk';
export const PASSWORD = 'open:sesame/7Q';
const USER_INFO = `${USER}:${encodeURIComponent(PASSWORD)}@`;

/** A proxy on this machine, and what came to it. */
export type ProxyServer = {
  /** With user and password. */
  readonly url: string;
  /** Without. */
  readonly address: string;
  /** `HOST:PORT` of each tunnel that was made. */
  readonly tunnels: string[];
  /** How many were refused. */
  refused: number;
  /** What it does with who asks: as it should, or not. */
  mode: 'honest' | 'refusing' | 'silent';
  /** Ends every tunnel. */
  drop(): void;
  [Symbol.asyncDispose](): Promise<void>;
};

/** The tunnels of a proxy. */
function book(scheme: string, host = '127.0.0.1') {
  const sockets = new Set<Socket>();
  const kept = (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
    return socket;
  };
  const state = { tunnels: [] as string[], refused: 0, mode: 'honest' as ProxyServer['mode'] };
  /** Joins a client with where it wants to. */
  function join(client: Socket, host: string, port: number, ready: () => void) {
    const target = kept(connect(port, host, ready));
    state.tunnels.push(`${host}:${port}`);
    client.pipe(target).pipe(client);
    client.on('close', () => target.destroy());
    target.on('close', () => client.destroy());
  }
  const drop = () => {
    for (const socket of sockets) socket.destroy();
  };
  async function listening(server: Server): Promise<ProxyServer> {
    server.on('connection', kept);
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
    const at = `${host}:${(server.address() as AddressInfo).port}`;
    return Object.assign(state, {
      url: `${scheme}://${USER_INFO}${at}`,
      address: `${scheme}://${at}`,
      drop,
      async [Symbol.asyncDispose]() {
        drop();
        await new Promise(resolve => server.close(resolve));
      },
    });
  }
  return { state, join, listening };
}

/** An HTTP proxy that takes CONNECT from its user. */
export const httpProxy = (): Promise<ProxyServer> => connectProxy('http', createHttpServer());

/** The same behind TLS, with the certificate of `certificate()`. */
export const httpsProxy = (): Promise<ProxyServer> => connectProxy('https', createHttpsServer(certificate()));

function connectProxy(scheme: string, server: HttpServer | HttpsServer): Promise<ProxyServer> {
  const { state, join, listening } = book(scheme, 'localhost');
  const expected = `Basic ${Buffer.from(`${USER}:${PASSWORD}`).toString('base64')}`;
  server.on('connect', (request: IncomingMessage, client: Socket) => {
    if (state.mode === 'silent') return;
    const isWelcome = state.mode === 'honest' && request.headers['proxy-authorization'] === expected;
    if (!isWelcome) {
      state.refused++;
      client.end(`HTTP/1.1 ${state.mode === 'refusing' ? '502 Bad Gateway' : '407 Who are you'}\r\n\r\n`);
      return;
    }
    const { hostname, port } = new URL(`http://${request.url}`);
    join(client, hostname, Number(port), () => client.write('HTTP/1.1 200 Here you are\r\n\r\n'));
  });
  return listening(server);
}

/** A SOCKS5 proxy (RFC 1928, 1929) that takes CONNECT from its user. */
export function socksProxy(): Promise<ProxyServer> {
  const { state, join, listening } = book('socks5');
  const server = createServer(client => void negotiate(client).catch(() => client.destroy()));

  async function negotiate(client: Socket) {
    const take = reader(client);
    const [, methods = 0] = await take(2);
    await take(methods);
    if (state.mode === 'silent') return;
    client.write(Buffer.of(5, 2));
    const [, userLength = 0] = await take(2);
    const user = (await take(userLength)).toString();
    const [passwordLength = 0] = await take(1);
    const password = (await take(passwordLength)).toString();
    const isWelcome = user === USER && password === PASSWORD;
    client.write(Buffer.of(1, isWelcome ? 0 : 1));
    if (!isWelcome) return refuse(client);
    const [, , , kind = 0] = await take(4);
    const [length = 0] = kind === 3 ? await take(1) : [4];
    const address = await take(length);
    const host = kind === 3 ? address.toString() : address.join('.');
    const port = (await take(2)).readUInt16BE();
    if (state.mode === 'refusing') {
      client.write(Buffer.of(5, 2, 0, 1, 0, 0, 0, 0, 0, 0));
      return refuse(client);
    }
    client.pause();
    join(client, host, port, () => client.write(Buffer.of(5, 0, 0, 1, 0, 0, 0, 0, 0, 0)));
  }
  function refuse(client: Socket) {
    state.refused++;
    client.end();
  }
  return listening(server);
}

/** Gives so many bytes as soon as they are there. */
const reader = (socket: Socket) => async (count: number) => {
  while (socket.readableLength < count) {
    await new Promise<void>((resolve, reject) => {
      socket.once('readable', resolve);
      socket.once('close', reject);
    });
  }
  return count === 0 ? Buffer.alloc(0) : ((socket.read(count) as Buffer | null) ?? Buffer.alloc(0));
};
