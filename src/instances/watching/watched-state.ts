import type { Reason } from '../../domain/errors.js';
import type { Labels } from '../../domain/labels/labels.js';
import { etagOf, type Snapshot } from '../../domain/settings/snapshot.js';
import type { InstanceRecord } from '../ports/store.js';

/** Why the settings of an instance cannot be followed for now. */
export type Unavailable = { readonly reason: Reason; readonly message: string };

/** What is known of the settings of an instance at this moment. */
export type WatchedState =
  /** It is connected and was not read yet. */
  | { readonly kind: 'nothing' }
  | { readonly kind: 'settings'; readonly snapshot: Snapshot; readonly etag: string }
  | ({ readonly kind: 'unavailable' } & Unavailable);

/** One instance from its making, or from when it runs here, to its end; another one of the same name is another one. */
export type Watched = {
  readonly instance: string;
  readonly uid: string;
  /** Keeps it connected until this is disposed of. */
  readonly need: () => Disposable;
  /** Those that it has now. */
  readonly labels: () => Labels;
  state: WatchedState;
};

/** It is connected and was not read yet. */
export const NOTHING: WatchedState = { kind: 'nothing' };

/** An instance that was not read yet. */
export const newWatched = (
  { name: instance, uid }: Pick<InstanceRecord, 'name' | 'uid'>,
  need: Watched['need'],
  labels: Watched['labels'] = () => ({}),
): Watched => ({ instance, uid, need, labels, state: NOTHING });

export const watchedState = (snapshot: Snapshot): WatchedState => ({
  kind: 'settings',
  snapshot,
  etag: etagOf(snapshot),
});

export const DELETED = {
  kind: 'unavailable',
  reason: 'INSTANCE_NOT_FOUND',
  message: 'the instance was deleted',
} as const satisfies WatchedState;

/** Another node tells of it from now on. */
export const MOVED: WatchedState = { kind: 'nothing' };

export const isDeleted = ({ state }: Watched): boolean => state === DELETED;

/** Whether nothing comes of this instance here any more. */
export const isOver = (watched: Watched): boolean => isDeleted(watched) || watched.state === MOVED;

/** Whether the second tells nobody anything new. */
export const isSameState = (before: WatchedState, after: WatchedState): boolean =>
  before.kind === 'settings' && after.kind === 'settings'
    ? before.etag === after.etag
    : before.kind === 'unavailable' &&
      after.kind === 'unavailable' &&
      before.reason === after.reason &&
      before.message === after.message;
