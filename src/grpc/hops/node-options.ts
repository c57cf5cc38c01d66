import type { HopLog, Routing } from '../../cluster/ports.js';
import type { Certificates } from '../../tls/certificates.js';

/** What makes a node one of several. */
export type NodeOptions = {
  /** Its id among the others, at present. */
  readonly selfId: () => string;
  readonly routing: Routing;
  readonly hopLog: HopLog;
  /** The same on all nodes, and nobody else's. */
  readonly hopKey: Buffer;
  /** Asks the store for an instance whose name is not known here. */
  readonly lookUp: (instance: string) => Promise<void>;
  /** Of this node, and the authority of all of them; undefined for plaintext. */
  readonly tls: (Certificates & { readonly clientCa: Buffer }) | undefined;
};
