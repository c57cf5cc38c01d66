import type { Kysely } from 'kysely';
import { UNREADABLE_LABELS } from '../../domain/labels/labels.js';
import { UNREADABLE_PROXY } from '../../domain/proxy.js';
import { openStoreKeyOf } from '../sealing/store-key.js';
import { instanceStore } from '../tables/instances.js';
import { openAnswer } from '../tables/requests/request-log.js';
import type { Schema } from '../tables/schema.js';
import { credentialStore } from '../tables/sealed/credentials.js';
import { tokenStore } from '../tables/tokens.js';
import { rowsOf } from './rows.js';

const PAGE = 500;

/** Nothing is written here. */
const READ_ONLY = {
  atomically: () => Promise.reject(new Error('read only')),
  unlessTaken: () => Promise.reject(new Error('read only')),
};

/**
 * Opens what the master key opens, as the service does, and tells in words what is damaged; throws when the data is under
 * another key. The keys of links are left out: only who asks for one knows its whole label.
 */
export async function openSealed(db: Kysely<Schema>, masterKey: Buffer): Promise<string[]> {
  const store = await db.selectFrom('store_key').select('sealed_key').executeTakeFirst();
  if (!store) throw new Error('There is no data yet: no service was started on it');
  const storeKey = openStoreKeyOf([masterKey], store.sealed_key);
  const damaged: string[] = [];

  const credentials = credentialStore(db, { masterKey, storeKey }, READ_ONLY);
  for (const { name, proxy, labels } of await instanceStore(db, storeKey, READ_ONLY).list()) {
    if (proxy === UNREADABLE_PROXY) damaged.push(`The proxy of instance ${name} is damaged`);
    if (labels === UNREADABLE_LABELS) damaged.push(`The labels of instance ${name} are damaged`);
    await credentials.load(name).catch((error: Error) => damaged.push(error.message));
  }

  const onEdited = (id: string) => void damaged.push(`Token ${id} was edited`);
  const tokens = tokenStore(db, storeKey, { ...READ_ONLY, onEdited });
  for (let after: string | undefined, isFirst = true; isFirst || after !== undefined; isFirst = false)
    after = (await tokens.list({ after, limit: PAGE, now: new Date(0) })).next;

  for await (const rows of rowsOf(db, 'answered_request'))
    for (const row of rows as readonly Schema['answered_request'][])
      try {
        openAnswer(storeKey, row);
      } catch {
        damaged.push(`The answer to a request is damaged`);
      }
  return damaged;
}
