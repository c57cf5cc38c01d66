import { type Author, NOBODY } from '../../domain/author.js';
import { wallTime } from '../../domain/time/wall-time.js';
import type { ChangeKind, NewChange } from '../ports/history.js';
import type { InstanceRecord } from '../ports/store.js';

type LifecycleKind = Extract<ChangeKind, `INSTANCE_${string}`>;

/** What the history tells of an instance itself, now. */
export const lifecycleEntry = (
  kind: LifecycleKind,
  { name, uid }: Pick<InstanceRecord, 'name' | 'uid'>,
  author: Author | undefined,
): NewChange => ({
  kind,
  instance: name,
  instanceUid: uid,
  time: wallTime(),
  ...(author ?? NOBODY),
  // Whether a person removed the device, or WhatsApp, nobody can tell.
  origin: kind === 'INSTANCE_LOGGED_OUT' ? undefined : 'THIS_SERVICE',
  change: undefined,
  tokenId: '',
});
