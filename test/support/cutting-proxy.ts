import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A stretch of network on this machine that can be cut. */
export type CuttingProxy = {
  readonly port: number;
  /** Ends what goes through it now. */
  cut(): void;
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
    for (const socket of [client, upstream]) socket.on('error', end).on('close', end);
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
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const cut = () => {
    for (const end of ends) end();
  };
  return {
    port: (server.address() as AddressInfo).port,
    cut,
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
