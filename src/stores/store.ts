import type { ApplyLog, RequestLog, TokenStore } from '../access/ports.js';
import type { SharedStore } from '../cluster/ports.js';
import type { VersionStore } from '../instances/ports/client-version.js';
import type { ChangeLog } from '../instances/ports/history.js';
import type { CredentialStore, InstanceStore } from '../instances/ports/store.js';

/** Everything the service keeps, in one engine. `test/stores/contract.ts` holds what each engine promises. */
export type Store = {
  readonly instances: InstanceStore;
  readonly credentials: CredentialStore;
  readonly changes: ChangeLog;
  readonly tokens: TokenStore;
  readonly requests: RequestLog;
  readonly applies: ApplyLog;
  readonly versions: VersionStore;
  /** Whether other processes may change it while it is open here. */
  readonly isShared: boolean;
  /** A 32-byte key for another purpose, the same whenever this data is opened. */
  deriveKey(purpose: string): Buffer;
  /** Whether the data was under the previous master key until now. */
  readonly hasNewMasterKey: boolean;
  /** A backup of all of it as a file, part by part, while it is in use; one at a time. */
  backUp(signal: AbortSignal): AsyncIterable<Buffer>;
  /** What the nodes share beside the data; undefined where one process has it alone. */
  readonly shared?: SharedStore | undefined;
  close(): Promise<void>;
};
