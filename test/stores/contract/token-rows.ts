import type { Updateable } from 'kysely';
import { expect, test } from 'vitest';
import type { TokenRecord } from '../../../src/access/ports.js';
import { readSelector } from '../../../src/domain/labels/parse-selector.js';
import type { Schema } from '../../../src/stores/tables/schema.js';
import type { Data } from './data.js';
import { at, digestOf, instanceRecord, MASTER_KEY, tokenRecord } from './records.js';

const EDITED: TokenRecord = {
  ...tokenRecord('edited'),
  kind: 'INSTANCE',
  instance: 'a',
  access: 'READ_ONLY',
  expireTime: at(100),
  certificateSubject: 'desk.example.com',
  selector: readSelector('env=prod'),
};

export function tokenRowContract(newData: () => Data): void {
  /** Data with two instances and two tokens, of which one is edited while no store is open. */
  async function editedData(change: Updateable<Schema['token']>): Promise<Data> {
    const data = newData();
    const store = await data.open();
    for (const name of ['a', 'b']) await store.instances.create(instanceRecord(name));
    await store.tokens.put(EDITED);
    await store.tokens.put(tokenRecord('other'));
    await store.close();
    await data.edit(db => db.updateTable('token').set(change).where('id', '=', 'edited').execute());
    return data;
  }

  test.each<[string, Updateable<Schema['token']>]>([
    ['what it may do', { access: 'READ_WRITE' }],
    ['what it covers', { instance: 'b' }],
    ['its kind', { kind: 'ACCOUNT', instance: null }],
    ['its expiry', { expire_time: at(200).getTime() }],
    ['that it expires', { expire_time: null }],
    ['its label', { label: 'of another' }],
    ['the certificate that it is bound to', { certificate_subject: null }],
    ['its selector', { label_selector: 'env=test' }],
    ['that it has a selector', { label_selector: null }],
    ['its time', { create_time: at(1).getTime() }],
    ['its secret', { digest: digestOf('of another') }],
    ['its MAC', { mac: Buffer.alloc(32) }],
    ['that it has a MAC', { mac: null }],
  ])('when %s was edited the token is none, which is told once', async (_, change) => {
    const data = await editedData(change);
    const { tokens } = await data.open();
    expect(data.editedTokens).toEqual([]);
    expect(await tokens.findByDigest(change.digest ?? EDITED.digest)).toBeUndefined();
    expect(await tokens.find('edited')).toBeUndefined();
    expect(await tokens.expire('edited', at(300))).toBe(false);
    const page = await tokens.list({ after: undefined, limit: 10, now: at(0) });
    expect(page.tokens).toEqual([tokenRecord('other')]);
    expect(data.editedTokens).toEqual(['edited']);
  });

  test('a row under the id of another token is none', async () => {
    const data = await editedData({ id: 'renamed' });
    const { tokens } = await data.open();
    expect(await tokens.findByDigest(EDITED.digest)).toBeUndefined();
    expect(data.editedTokens).toEqual(['renamed']);
  });

  test('an edited row keeps no page from the next one', async () => {
    const { tokens } = await (await editedData({ access: 'READ_WRITE' })).open();
    const first = await tokens.list({ after: undefined, limit: 1, now: at(0) });
    expect(first.tokens).toEqual([]);
    const second = await tokens.list({ after: first.next, limit: 1, now: at(0) });
    expect(second).toEqual({ tokens: [tokenRecord('other')], next: undefined });
  });

  test.each<[string, Updateable<Schema['token']>]>([
    ['edited', { access: 'READ_WRITE' }],
    ['given another id', { id: 'renamed' }],
  ])('a token can be put anew whose row was %s', async (_, change) => {
    const { tokens } = await (await editedData(change)).open();
    await tokens.put(EDITED);
    expect(await tokens.findByDigest(EDITED.digest)).toEqual(EDITED);
  });

  test('what the store itself changes of a token is no edit, nor is a new master key', async () => {
    const data = newData();
    const before = await data.open();
    await before.tokens.put(tokenRecord('a'));
    await before.tokens.expire('a', at(50));
    await before.tokens.expire('a', at(60));
    await before.tokens.touch(new Map([['a', at(7)]]));
    await before.close();
    const { tokens } = await data.open(Buffer.alloc(32, 'a new master key'), MASTER_KEY);
    expect(await tokens.find('a')).toEqual({ ...tokenRecord('a'), expireTime: at(60), lastUseTime: at(7) });
    expect(data.editedTokens).toEqual([]);
  });

  test('a token expires when both of two that set its expiry at once are done', async () => {
    const { tokens } = await newData().open();
    await tokens.put(tokenRecord('a'));
    expect(await Promise.all([at(5), at(5)].map(time => tokens.expire('a', time)))).toEqual([true, true]);
    expect(await tokens.find('a')).toEqual({ ...tokenRecord('a'), expireTime: at(5) });
  });
}
