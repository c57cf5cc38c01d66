import { type Compilable, type Expression, type Kysely, type Selectable, sql } from 'kysely';
import type { OutcomeState } from '../../domain/outcome.js';
import type { Setting } from '../../domain/settings/settings-table.js';
import type { ChangeRecord, NewChange } from '../../instances/ports/history.js';
import { toDate } from './columns.js';
import { prepared } from './prepared.js';
import type { Schema } from './schema.js';

/** An entry as stored. */
export type ChangeRow = Selectable<Schema['privacy_change']>;

/** What is stored of a new entry; its id the database gives. */
const columnsOf = ({ kind, instance, time, actor, origin, requestId, change, tokenId }: NewChange) => ({
  kind,
  instance,
  time: time.getTime(),
  actor_token_id: actor?.tokenId ?? null,
  actor_token_label: actor?.tokenDisplayName ?? null,
  origin: origin ?? null,
  request_id: requestId,
  setting: change?.setting ?? null,
  old_value: change?.oldValue ?? null,
  new_value: change?.newValue ?? null,
  outcome: change?.outcome ?? null,
  whatsapp_code: change?.whatsappCode ?? null,
  resends: change?.resends ?? 0,
  token_id: tokenId,
});

type Columns = ReturnType<typeof columnsOf>;

/** All of them: one that were missing here would not be stored. */
const COLUMNS = Object.keys({
  kind: true,
  instance: true,
  time: true,
  actor_token_id: true,
  actor_token_label: true,
  origin: true,
  request_id: true,
  setting: true,
  old_value: true,
  new_value: true,
  outcome: true,
  whatsapp_code: true,
  resends: true,
  token_id: true,
} satisfies Record<keyof Columns, true>) as (keyof Columns)[];

/** Writes a new entry under the last id that was given. */
export function insertion(db: Kysely<Schema>): (change: NewChange) => Compilable {
  type Values = Columns & { readonly uid: string | undefined };
  const inserting = (
    uidOf: (value: <Name extends keyof Values>(name: Name) => Values[Name]) => Expression<unknown>,
  ) =>
    prepared<Values>(value =>
      db
        .insertInto('privacy_change')
        .columns(['id', 'instance_uid', ...COLUMNS])
        .expression(
          db
            .selectFrom('change_counter')
            .select([
              'last_id',
              sql`${uidOf(value)}`.as('instance_uid'),
              ...COLUMNS.map(name => sql.val(value(name)).as(name)),
            ]),
        ),
    );
  const ofPresent = inserting(value =>
    db.selectFrom('instance').select('uid').where('name', '=', value('instance')),
  );
  const ofKnown = inserting(value => sql.val(value('uid')));
  return change => {
    const values = { ...columnsOf(change), uid: change.instanceUid };
    return change.instanceUid === undefined ? ofPresent(values) : ofKnown(values);
  };
}

export const toRecord = (row: ChangeRow): ChangeRecord => ({
  id: row.id,
  kind: row.kind,
  instance: row.instance,
  instanceUid: row.instance_uid ?? undefined,
  time: new Date(row.time),
  actor:
    row.actor_token_id === null
      ? undefined
      : { tokenId: row.actor_token_id, tokenDisplayName: row.actor_token_label ?? '' },
  origin: row.origin ?? undefined,
  requestId: row.request_id,
  change:
    row.setting === null
      ? undefined
      : {
          setting: row.setting as Setting,
          oldValue: row.old_value ?? undefined,
          newValue: row.new_value ?? '',
          outcome: row.outcome as OutcomeState,
          whatsappCode: row.whatsapp_code ?? undefined,
          resends: row.resends,
        },
  resolution: resolutionOf(row),
  resolvedId: row.resolved_id ?? undefined,
  tokenId: row.token_id,
});

function resolutionOf({ resolved_outcome, resolve_time }: ChangeRow): ChangeRecord['resolution'] {
  const time = toDate(resolve_time);
  return resolved_outcome !== null && time ? { outcome: resolved_outcome as OutcomeState, time } : undefined;
}
