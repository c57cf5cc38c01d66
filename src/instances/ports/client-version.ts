import type { ClientVersion } from '../../domain/version/client-version.js';
import type { Expiration } from '../../domain/version/expiration.js';

/** The version of WhatsApp Web that this node says it is. */
export interface ClientVersions {
  /** What the next connection announces. */
  announced(): ClientVersion;
  /** WhatsApp refused it: looks for a newer one, where that is wanted and was not done within the hour. */
  refused(): void;
  /** WhatsApp told the clients of this revision when it will refuse them; undefined: it will not after all. */
  expirationTold(revision: number, time: Date | undefined): void;
  /** Calls the listener whenever a newer version is announced from now on. */
  onRaised(listener: () => void): void;
  status(): VersionStatus;
}

/** What is known of versions. */
export type VersionStatus = {
  readonly announced: ClientVersion;
  /** When WhatsApp will refuse that one, as it announced it. */
  readonly expireTime: Date | undefined;
  /** The last one that was fetched, announced or not. */
  readonly fetched: FetchedVersion | undefined;
};

/** A version that WhatsApp Web had at this time. */
export type FetchedVersion = { readonly revision: number; readonly time: Date };

/** What is kept of versions over restarts. */
export type VersionRecord = {
  readonly fetched: FetchedVersion | undefined;
  /** When one was looked for last, in vain or not. */
  readonly lookTime: Date | undefined;
  readonly expiration: Expiration | undefined;
};

/** Keeps it. */
export interface VersionStore {
  load(): Promise<VersionRecord>;
  save(record: VersionRecord): Promise<void>;
  /** Of several nodes: calls back when one may have saved another, until it is disposed of. */
  onChange?(listener: () => void): Disposable;
}
