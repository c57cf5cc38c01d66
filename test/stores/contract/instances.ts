import { expect, test } from 'vitest';
import type { Data } from './data.js';
import { at, bytes, digestOf, instanceRecord, linkedInstance, tokenRecord } from './records.js';

export function instanceContract(newData: () => Data): void {
  test('an instance is listed as it was made', async () => {
    const { instances } = await newData().open();
    const full = {
      ...instanceRecord('support-desk'),
      status: 'suspended' as const,
      statusReason: 'WhatsApp refuses the account',
      phoneNumber: '+15550100123',
      linkTime: at(1),
      lastConnectTime: at(2),
      retryTime: at(3),
      connectionMode: 'ON_DEMAND' as const,
      proxy: 'http://user:password@proxy.example:3128',
    };
    expect(await instances.create(full)).toBe(true);
    expect(await instances.list()).toEqual([full]);
  });

  test('a name that is taken is refused and nothing changes', async () => {
    const { instances } = await newData().open();
    await instances.create(instanceRecord('desk'));
    expect(await instances.create({ ...instanceRecord('desk'), displayName: 'another' })).toBe(false);
    expect(await instances.list()).toEqual([instanceRecord('desk')]);
  });

  test('an instance is made with its first token and an answer, or none of them is', async () => {
    const { instances, tokens, requests } = await newData().open();
    const answer = (instance: string) =>
      requests.saving(
        {
          key: `made ${instance}`,
          digest: digestOf(instance),
          answer: bytes('answer'),
          status: 'response',
          expireTime: at(10),
          subject: { kind: 'instance', instance },
        },
        at(0),
      );
    const token = (id: string, instance: string) =>
      tokens.putting({ ...tokenRecord(id), kind: 'INSTANCE', instance });
    expect(await instances.create(instanceRecord('a'), [token('first', 'a'), ...answer('a')])).toBe(true);
    expect(await tokens.find('first')).toMatchObject({ instance: 'a' });
    expect(await requests.find('made a', at(0))).toMatchObject({ answer: bytes('answer') });

    expect(await instances.create(instanceRecord('a'), [token('second', 'a'), ...answer('b')])).toBe(false);
    const failing = [...answer('b'), token('third', 'b'), token('fourth', 'ghost')];
    await expect(instances.create(instanceRecord('b'), failing)).rejects.toThrow();
    expect(await instances.list()).toEqual([instanceRecord('a')]);
    for (const id of ['second', 'third', 'fourth']) expect(await tokens.find(id)).toBeUndefined();
    expect(await requests.find('made b', at(0))).toBeUndefined();
  });

  test('of many calls to take one name at once, one succeeds', async () => {
    const { instances } = await newData().open();
    const taken = await Promise.all(
      Array.from({ length: 20 }, () => instances.create(instanceRecord('desk'))),
    );
    expect(taken.filter(Boolean)).toHaveLength(1);
  });

  test('instances are listed by name, a hyphen before digits before letters', async () => {
    const { instances } = await newData().open();
    for (const name of ['b', 'a1', 'a-1', 'a', 'aa', '9', 'a-b', 'ab'])
      await instances.create(instanceRecord(name));
    const names = (await instances.list()).map(({ name }) => name);
    expect(names).toEqual(['9', 'a', 'a-1', 'a-b', 'a1', 'aa', 'ab', 'b']);
  });

  test('an update changes what it names, in one instance', async () => {
    const { instances } = await newData().open();
    await instances.create({ ...instanceRecord('a'), retryTime: at(9), phoneNumber: '+15550100123' });
    await instances.create(instanceRecord('b'));
    await instances.update('a', { status: 'linked', statusReason: 'ok', lastConnectTime: at(7) });
    const afterFirst = {
      ...instanceRecord('a'),
      status: 'linked',
      statusReason: 'ok',
      lastConnectTime: at(7),
      retryTime: at(9),
      phoneNumber: '+15550100123',
    };
    expect(await instances.list()).toEqual([afterFirst, instanceRecord('b')]);

    await instances.update('a', { connectionMode: 'ALWAYS' });
    expect(await instances.list()).toMatchObject([
      { connectionMode: 'ALWAYS' },
      { connectionMode: undefined },
    ]);
    const changed = { connectionMode: undefined, presence: 'PULSE', revision: 7 } as const;
    await instances.update('a', changed);
    expect((await instances.list())[0]).toMatchObject(changed);
    await instances.update('a', { presence: undefined, revision: 0 });
    await instances.update('a', { retryTime: undefined, phoneNumber: '', displayName: 'A', linkTime: at(1) });
    await instances.update('a', {});
    const afterSecond = {
      ...afterFirst,
      retryTime: undefined,
      phoneNumber: '',
      displayName: 'A',
      linkTime: at(1),
    };
    expect(await instances.list()).toEqual([afterSecond, instanceRecord('b')]);
  });

  test.each([
    ['connected', 'lastConnectTime'],
    ['presenceTold', 'lastPresenceTime'],
  ] as const)(
    'times of %s are stored for the instances that are there, and nothing else changes',
    async (store, field) => {
      const { instances } = await newData().open();
      for (const name of ['a', 'b', 'c']) await instances.create(instanceRecord(name));
      await instances[store](
        new Map([
          ['a', at(5)],
          ['ghost', at(6)],
          ['c', at(7)],
        ]),
      );
      expect(await instances.list()).toEqual([
        { ...instanceRecord('a'), [field]: at(5) },
        instanceRecord('b'),
        { ...instanceRecord('c'), [field]: at(7) },
      ]);
    },
  );

  test('an update of an instance that is not there makes none', async () => {
    const { instances } = await newData().open();
    await instances.update('ghost', { status: 'linked' });
    expect(await instances.list()).toEqual([]);
  });

  test('removing an instance forgets all of it and nothing of others', async () => {
    const store = await newData().open();
    for (const name of ['gone', 'kept']) {
      await linkedInstance(store, name);
      await store.tokens.put({ ...tokenRecord(`token-${name}`), kind: 'INSTANCE', instance: name });
    }
    await store.tokens.put(tokenRecord('account'));

    await store.instances.remove('gone');
    const left = async (name: string) => ({
      credentials: (await store.credentials.load(name))?.toString(),
      keys: (await store.credentials.loadKeys(name, 'session', ['1'])).size,
      token: (await store.tokens.findByDigest(digestOf(`token-${name}`)))?.id,
    });
    const NOTHING = { credentials: undefined, keys: 0, token: undefined };
    expect(await left('gone')).toEqual(NOTHING);
    expect(await left('kept')).toMatchObject({ keys: 1, token: 'token-kept' });
    expect(await store.credentials.load('kept')).toBeDefined();
    expect(await store.tokens.find('account')).toBeDefined();
    expect((await store.instances.list()).map(({ name }) => name)).toEqual(['kept']);

    await store.instances.create(instanceRecord('gone'));
    expect(await left('gone')).toEqual(NOTHING);
  });

  test('removing an instance that is not there does nothing', async () => {
    const { instances } = await newData().open();
    await instances.create(instanceRecord('a'));
    await instances.remove('ghost');
    expect(await instances.list()).toEqual([instanceRecord('a')]);
  });
}
