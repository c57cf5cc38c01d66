/** Both ends of a connection, as a socket tells them. */
export type ConnectionEnds = {
  readonly localAddress?: string | undefined;
  readonly localPort?: number | undefined;
  readonly remoteAddress?: string | undefined;
  readonly remotePort?: number | undefined;
};

/** What a connection is known by: the same for a socket, its TLS, and grpc-js' calls on it. */
export const connectionKey = ({
  localAddress,
  localPort,
  remoteAddress,
  remotePort,
}: ConnectionEnds): string => `${remoteAddress}|${remotePort}|${localAddress}|${localPort}`;
