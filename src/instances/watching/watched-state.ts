import type { Reason } from '../../domain/errors.js';
import { etagOf, type Snapshot } from '../../domain/settings/snapshot.js';

/** Why the settings of an instance cannot be followed for now. */
export type Unavailable = { readonly reason: Reason; readonly message: string };

/** What is known of the settings of an instance at this moment. */
export type Sight =
  /** It is connected and was not read yet. */
  | { readonly kind: 'nothing' }
  | { readonly kind: 'settings'; readonly snapshot: Snapshot; readonly etag: string }
  | ({ readonly kind: 'unavailable' } & Unavailable);

/** One instance from its making to its end; another one of the same name is another one. */
export type Watched = {
  readonly instance: string;
  /** Keeps it connected until this is disposed of. */
  readonly need: () => Disposable;
  sight: Sight;
};

export const sightOf = (snapshot: Snapshot): Sight => ({
  kind: 'settings',
  snapshot,
  etag: etagOf(snapshot),
});

export const DELETED = {
  kind: 'unavailable',
  reason: 'INSTANCE_NOT_FOUND',
  message: 'the instance was deleted',
} as const satisfies Sight;

/** Whether nothing comes of this instance any more. */
export const isDeleted = ({ sight }: Watched): boolean => sight === DELETED;

/** Whether the second tells nobody anything new. */
export const isSame = (before: Sight, after: Sight): boolean =>
  before.kind === 'settings' && after.kind === 'settings'
    ? before.etag === after.etag
    : before.kind === 'unavailable' &&
      after.kind === 'unavailable' &&
      before.reason === after.reason &&
      before.message === after.message;
