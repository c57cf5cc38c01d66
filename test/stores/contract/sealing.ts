import type { Kysely } from 'kysely';
import { describe, expect, test } from 'vitest';
import { readSelector } from '../../../src/domain/labels/parse-selector.js';
import { matches } from '../../../src/domain/labels/selector.js';
import { UNREADABLE_PROXY } from '../../../src/domain/proxy.js';
import type { Store } from '../../../src/stores/store.js';
import type { Schema } from '../../../src/stores/tables/schema.js';
import type { Data } from './data.js';
import { at, bytes, instanceRecord, linkedInstance, MASTER_KEY } from './records.js';

/** Two linked instances, of which `change` edits what is stored. */
async function edited(data: Data, change: (db: Kysely<Schema>) => Promise<unknown>): Promise<Store> {
  const store = await data.open();
  await linkedInstance(store, 'a');
  await linkedInstance(store, 'b', '+15550100456');
  await store.credentials.saveKeys('a', [{ type: 'session', id: '2', value: bytes('session 2 of a') }]);
  await store.close();
  await data.edit(change);
  return data.open();
}

const flipped = (sealed: Buffer | null): Buffer => {
  const copy = Buffer.from(sealed ?? []);
  copy[copy.length - 1] = (copy.at(-1) ?? 0) ^ 1;
  return copy;
};

/** Flips a bit of what is stored of the link of `a`. */
const damage = (column: 'sealed_key' | 'sealed_credentials') => async (db: Kysely<Schema>) => {
  const row = await db
    .selectFrom('credential')
    .select(column)
    .where('instance', '=', 'a')
    .executeTakeFirstOrThrow();
  const change = { [column]: flipped(row[column] ?? null) };
  await db.updateTable('credential').set(change).where('instance', '=', 'a').execute();
};

export function sealingContract(newData: () => Data): void {
  test('data opened with another master key is refused, and opens with its own', async () => {
    const data = newData();
    const first = await data.open();
    await linkedInstance(first, 'a');
    await first.close();
    await expect(data.open(Buffer.alloc(32, 'another'))).rejects.toThrow(
      'The master key is not the one that this data was written with',
    );
    const store = await data.open();
    expect(await store.credentials.load('a')).toEqual(bytes('credentials of a'));
  });

  describe('a change of the master key', () => {
    const NEW_KEY = Buffer.alloc(32, 'a new master key');

    /** Data with two links and an answer, under MASTER_KEY. */
    async function oldData(): Promise<Data> {
      const data = newData();
      const store = await data.open();
      await linkedInstance(store, 'a');
      await linkedInstance(store, 'b', '+15550100456');
      await store.requests.save({
        key: 'key',
        digest: Buffer.alloc(32),
        answer: bytes('the answer'),
        status: 'response',
        expireTime: at(9),
        subject: undefined,
      });
      await store.close();
      return data;
    }

    test('keeps everything, which then opens with the new key alone', async () => {
      const data = await oldData();
      const before = await data.open();
      const kept = { instances: await before.instances.list(), tokens: before.deriveKey('tokens') };
      await before.close();

      const during = await data.open(NEW_KEY, MASTER_KEY);
      expect(during.hasNewMasterKey).toBe(true);
      await during.close();
      await expect(data.open(MASTER_KEY)).rejects.toThrow('The master key is not the one');

      const after = await data.open(NEW_KEY);
      expect(after.hasNewMasterKey).toBe(false);
      expect(await after.instances.list()).toEqual(kept.instances);
      expect(after.deriveKey('tokens')).toEqual(kept.tokens);
      for (const name of ['a', 'b']) {
        expect(await after.credentials.load(name)).toEqual(bytes(`credentials of ${name}`));
        const keys = await after.credentials.loadKeys(name, 'session', ['1']);
        expect(keys.get('1')).toEqual(bytes(`session of ${name}`));
      }
      expect((await after.requests.find('key', at(1)))?.answer).toEqual(bytes('the answer'));
    });

    test('is done once, and a previous key that stays configured does no harm', async () => {
      const data = await oldData();
      for (const isChange of [true, false]) {
        const store = await data.open(NEW_KEY, MASTER_KEY);
        expect(store.hasNewMasterKey).toBe(isChange);
        await store.close();
      }
    });

    test('is no change for new data', async () => {
      const data = newData();
      const store = await data.open(NEW_KEY, MASTER_KEY);
      expect(store.hasNewMasterKey).toBe(false);
      await store.close();
      await data.open(NEW_KEY);
    });

    test('from a key that is not the data’s own is refused and changes nothing', async () => {
      const data = await oldData();
      await expect(data.open(NEW_KEY, Buffer.alloc(32, 'a third key'))).rejects.toThrow(
        'The master key is not the one that this data was written with',
      );
      const store = await data.open();
      expect(await store.credentials.load('a')).toEqual(bytes('credentials of a'));
    });

    test('leaves a damaged data key as damaged as it was, and the other links whole', async () => {
      const data = await oldData();
      await data.edit(damage('sealed_key'));
      const store = await data.open(NEW_KEY, MASTER_KEY);
      await expect(store.credentials.load('a')).rejects.toThrow(
        'Cannot open the stored data key of instance a',
      );
      expect(await store.credentials.load('b')).toEqual(bytes('credentials of b'));
    });
  });

  test('changed credentials are an error and never "no credentials"', async () => {
    const store = await edited(newData(), damage('sealed_credentials'));
    await expect(store.credentials.load('a')).rejects.toThrow(
      'Cannot open the stored credentials of instance a: it was changed or belongs elsewhere',
    );
    expect(await store.credentials.load('b')).toEqual(bytes('credentials of b'));
  });

  test('a changed data key is an error for everything of its instance', async () => {
    const store = await edited(newData(), damage('sealed_key'));
    const error = 'Cannot open the stored data key of instance a: it was changed or belongs elsewhere';
    const changes = [{ type: 'session', id: '1', value: bytes('x') }];
    await expect(store.credentials.load('a')).rejects.toThrow(error);
    await expect(store.credentials.save('a', bytes('x'))).rejects.toThrow(error);
    await expect(store.credentials.loadKeys('a', 'session', ['1'])).rejects.toThrow(error);
    await expect(store.credentials.saveKeys('a', changes)).rejects.toThrow(error);
  });

  test('credentials moved to another instance do not open there', async () => {
    const store = await edited(newData(), async db => {
      const rows = await db.selectFrom('credential').selectAll().orderBy('instance').execute();
      for (const [instance, other] of [
        ['a', rows[1]],
        ['b', rows[0]],
      ] as const) {
        const change = { sealed_credentials: other?.sealed_credentials ?? Buffer.of() };
        await db.updateTable('credential').set(change).where('instance', '=', instance).execute();
      }
    });
    await expect(store.credentials.load('a')).rejects.toThrow('credentials of instance a');
    await expect(store.credentials.load('b')).rejects.toThrow('credentials of instance b');
  });

  test('credentials moved to another instance with their data key do not open there', async () => {
    const store = await edited(newData(), async db => {
      const { instance: _, ...ofB } = await db
        .selectFrom('credential')
        .selectAll()
        .where('instance', '=', 'b')
        .executeTakeFirstOrThrow();
      await db.updateTable('credential').set(ofB).where('instance', '=', 'a').execute();
    });
    await expect(store.credentials.load('a')).rejects.toThrow('data key of instance a');
  });

  test('two keys of one instance that were swapped do not open', async () => {
    const store = await edited(newData(), async db => {
      const [first, second] = await db
        .selectFrom('signal_key')
        .selectAll()
        .where('instance', '=', 'a')
        .execute();
      for (const [row, value] of [
        [first, second?.sealed_value],
        [second, first?.sealed_value],
      ] as const) {
        await db
          .updateTable('signal_key')
          .set({ sealed_value: value ?? Buffer.of() })
          .where('id', '=', row?.id ?? Buffer.of())
          .execute();
      }
    });
    for (const id of ['1', '2']) {
      await expect(store.credentials.loadKeys('a', 'session', [id])).rejects.toThrow(
        'Signal key of instance a',
      );
    }
    expect((await store.credentials.loadKeys('b', 'session', ['1'])).size).toBe(1);
  });

  test.each([
    ['changed', (own: Buffer | null) => flipped(own)],
    ['moved to another instance', (_: Buffer | null, other: Buffer | null) => other],
  ])(
    'a phone number that was %s is said, and casts doubt on the credentials beside it',
    async (_, damage) => {
      const store = await edited(newData(), async db => {
        const [a, b] = await db.selectFrom('instance').selectAll().orderBy('name').execute();
        const change = {
          sealed_phone_number: damage(a?.sealed_phone_number ?? null, b?.sealed_phone_number ?? null),
        };
        await db.updateTable('instance').set(change).where('name', '=', 'a').execute();
      });
      const error = 'Cannot open the stored phone number of instance a: it was changed or belongs elsewhere';
      expect(await store.instances.list()).toMatchObject([
        { name: 'a', phoneNumber: '', statusReason: error },
        { name: 'b', phoneNumber: '+15550100456', statusReason: '' },
      ]);
      await expect(store.credentials.load('a')).rejects.toThrow(error);
      expect(await store.credentials.load('b')).toEqual(bytes('credentials of b'));
    },
  );

  test.each([
    ['changed', (own: Buffer | null) => flipped(own)],
    ['moved to another instance', (_: Buffer | null, other: Buffer | null) => other],
  ])('a proxy that was %s is not taken for none, and stands nowhere in the clear', async (_, damage) => {
    const data = newData();
    const first = await data.open();
    const proxy = 'http://user:sesame@proxy.example';
    for (const name of ['a', 'b']) await first.instances.create({ ...instanceRecord(name), proxy });
    await first.close();
    await data.edit(async db => {
      const [a, b] = await db.selectFrom('instance').selectAll().orderBy('name').execute();
      expect(a?.sealed_proxy?.includes('sesame')).toBe(false);
      const change = { sealed_proxy: damage(a?.sealed_proxy ?? null, b?.sealed_proxy ?? null) };
      await db.updateTable('instance').set(change).where('name', '=', 'a').execute();
    });
    const { instances } = await data.open();
    expect((await instances.list()).map(one => one.proxy)).toEqual([UNREADABLE_PROXY, proxy]);
    await instances.update('a', { proxy: undefined });
    expect((await instances.list()).map(one => one.proxy)).toEqual([undefined, proxy]);
  });

  test.each([
    ['changed', (own: Buffer | null) => flipped(own)],
    ['moved to another instance', (_: Buffer | null, other: Buffer | null) => other],
    ['taken away', () => null],
  ])('labels that were %s are matched by no selector, and stand nowhere in the clear', async (_, damage) => {
    const data = newData();
    const first = await data.open();
    const labels = { env: 'sesame' };
    for (const name of ['a', 'b']) await first.instances.create({ ...instanceRecord(name), labels });
    await first.close();
    await data.edit(async db => {
      const [a, b] = await db.selectFrom('instance').selectAll().orderBy('name').execute();
      expect(a?.sealed_labels?.includes('sesame')).toBe(false);
      const change = { sealed_labels: damage(a?.sealed_labels ?? null, b?.sealed_labels ?? null) };
      await db.updateTable('instance').set(change).where('name', '=', 'a').execute();
    });
    const { instances } = await data.open();
    const matchedBy = async (text: string) =>
      (await instances.list()).map(one => matches(readSelector(text), one.labels));
    expect(await matchedBy('!retired')).toEqual([false, true]);
    expect(await matchedBy('env=sesame')).toEqual([false, true]);
    await instances.update('a', { labels });
    expect(await matchedBy('env=sesame')).toEqual([true, true]);
  });

  test('a derived key is the same after a restart and another for another purpose', async () => {
    const data = newData();
    const first = await data.open();
    const key = first.deriveKey('tokens');
    await first.close();
    const second = await data.open();
    expect(second.deriveKey('tokens')).toEqual(key);
    expect(key).toHaveLength(32);
    expect(second.deriveKey('others')).not.toEqual(key);
    expect((await newData().open()).deriveKey('tokens')).not.toEqual(key);
  });
}
