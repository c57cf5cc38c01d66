/**
 * How much callers can pile up in the service; what goes beyond is refused at once, a call with RATE_LIMITED and before
 * anything is sent to WhatsApp. Waiting costs memory, and who stands far back waits in vain.
 */
export const LIMITS = {
  /** Of one token. */
  token: {
    createsPerMinute: 20,
    /** Each makes up to 1,000 instances in one go, which the other calls wait for. */
    batchCreatesPerHour: 20,
    /** Streams of all methods: well under the 100 calls of one connection, so that it still carries others. */
    openStreams: 40,
    /** Each reads up to 200 instances. */
    openLists: 20,
  },
  /** Of one instance; calls that wait for its turn, its connection or its answer included. */
  instance: {
    /** They take turns, three in a second at a good pace: no more than these have theirs in the usual 30 s of a call. */
    changes: 100,
    /** They share answers, so that only a silent WhatsApp makes so many of them wait. */
    reads: 500,
  },
  /** Of one address, of an IPv6 address its network of 64 bits. */
  peer: {
    /** That get an answer of their own; good tokens go on. */
    failedTokensPerMinute: 60,
    /** A tenth of all, so that no address can shut the door. */
    connectionsPerAddress: 400,
    /** Reflection; a client asks five or six for a call. */
    questionsPerMinute: 600,
    /**
     * Bytes that serve no accepted call, and for each call that is not 4 KB, or 2 KB with a good token: 120 or 240 a
     * second, and as many at once, which keep the others waiting for some hundredths of a second. What good tokens ask
     * for within their limit counts for nothing, also when it is cancelled.
     */
    wastePerSecond: 480 * 1024,
    wasteBurst: 480 * 1024,
    /** An address that wasted more; its connections that did not go on. */
    refusedMs: 60_000,
  },
  /** Of one connection. */
  connection: {
    handshakeMs: 10_000,
    messageMs: 30_000,
    /** Health; one for each service of ours, and some for a proxy's clients. */
    watchesPerConnection: 10,
  },
  /** Of this process. */
  node: {
    /** 10 KB and a file each, however silent. More are closed as they come. */
    connections: 4_000,
    /** Health; 15 KB each. */
    watches: 1_000,
    /** Each is a copy of the database on the disk. */
    backups: 1,
  },
} as const;
