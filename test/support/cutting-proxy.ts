import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A stretch of network on this machine that can be cut. */
export type CuttingProxy = {
  readonly port: number;
  /** Ends what goes through it now. */
  cut(): void;
  /** Nothing passes any more in either direction, not even an end, until it goes on. */
  stall(): void;
  goOn(): void;
  /**
   * Ends the next connection on which a client says this: before it is passed on, or when it was answered, and the
   * answer is kept back. Fulfils when that has been.
   */
  cutAt(when: 'before' | 'answered', said: string): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
};

/** Passes on what comes to it to a port of this machine. */
export async function cuttingProxy(target: number): Promise<CuttingProxy> {
  const ends = new Set<() => void>();
  const sockets = new Set<Socket>();
  let isStalled = false;
  let trap: { when: 'before' | 'answered'; said: string; sprung: () => void } | undefined;

  const server = createServer(client => {
    const upstream: Socket = connect(target, '127.0.0.1');
    let sprung: (() => void) | undefined;
    const end = () => {
      client.destroy();
      upstream.destroy();
      ends.delete(end);
    };
    ends.add(end);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', end).on('close', end);
      socket.once('close', () => sockets.delete(socket));
    }
    client.on('data', data => {
      if (trap && data.includes(trap.said)) {
        const { when } = trap;
        sprung = trap.sprung;
        trap = undefined;
        if (when === 'before') {
          end();
          return sprung();
        }
      }
      upstream.write(data);
    });
    upstream.on('data', data => {
      if (!sprung) return client.write(data);
      end();
      return sprung();
    });
    if (isStalled) for (const socket of [client, upstream]) socket.pause();
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const cut = () => {
    for (const end of ends) end();
  };
  return {
    port: (server.address() as AddressInfo).port,
    cut,
    stall() {
      isStalled = true;
      for (const socket of sockets) socket.pause();
    },
    goOn() {
      isStalled = false;
      for (const socket of sockets) socket.resume();
    },
    cutAt(when, said) {
      const { promise, resolve: sprung } = Promise.withResolvers<void>();
      trap = { when, said, sprung };
      return promise;
    },
    async [Symbol.asyncDispose]() {
      cut();
      await new Promise(resolve => server.close(resolve));
    },
  };
}
