import { expect, test } from 'vitest';
import type { KeyChange } from '../../../src/instances/ports/store.js';
import type { Data } from './data.js';
import { at, bytes, instanceRecord, linkedInstance } from './records.js';

const link = { phoneNumber: '+15550100199', linkTime: at(50) };

export function credentialContract(newData: () => Data): void {
  test('an instance that was never linked has no credentials and no keys', async () => {
    const { instances, credentials } = await newData().open();
    await instances.create(instanceRecord('a'));
    expect(await credentials.load('a')).toBeUndefined();
    expect(await credentials.loadKeys('a', 'session', ['1'])).toEqual(new Map());
  });

  test('a link stores the credentials and marks the instance as linked', async () => {
    const { instances, credentials } = await newData().open();
    const before = {
      ...instanceRecord('a'),
      status: 'logged_out' as const,
      statusReason: 'gone',
      retryTime: at(9),
    };
    await instances.create(before);
    const written = await credentials.saveLink('a', bytes('identity'), link);
    expect(await credentials.load('a')).toEqual(bytes('identity'));
    expect(await instances.list()).toEqual([{ ...instanceRecord('a'), ...link, status: 'linked' }]);
    expect(await instances.list()).toEqual([{ ...before, ...written }]);
  });

  test('a new link takes the place of the old one and of its keys', async () => {
    const { instances, credentials } = await newData().open();
    await linkedInstance({ instances, credentials }, 'a');
    await credentials.saveLink('a', bytes('new identity'), link);
    expect(await credentials.load('a')).toEqual(bytes('new identity'));
    expect(await credentials.loadKeys('a', 'session', ['1'])).toEqual(new Map());
    expect(await instances.list()).toMatchObject([link]);
  });

  test('a link of an instance that is not there is refused', async () => {
    const { credentials } = await newData().open();
    await expect(credentials.saveLink('ghost', bytes('identity'), link)).rejects.toThrow();
    expect(await credentials.load('ghost')).toBeUndefined();
  });

  test('saved credentials replace those before and leave the keys', async () => {
    const { instances, credentials } = await newData().open();
    await linkedInstance({ instances, credentials }, 'a');
    await credentials.save('a', bytes('advanced'));
    expect(await credentials.load('a')).toEqual(bytes('advanced'));
    expect((await credentials.loadKeys('a', 'session', ['1'])).size).toBe(1);
  });

  test('clearing forgets credentials and keys, and the instance is unlinked with that', async () => {
    const { instances, credentials } = await newData().open();
    await linkedInstance({ instances, credentials }, 'a');
    await linkedInstance({ instances, credentials }, 'b');
    const [before] = await instances.list();
    const written = await credentials.clear('a');
    expect(await credentials.load('a')).toBeUndefined();
    expect(await credentials.loadKeys('a', 'session', ['1'])).toEqual(new Map());
    expect({ ...before, ...written }).toEqual(instanceRecord('a'));
    expect(await instances.list()).toEqual([
      instanceRecord('a'),
      expect.objectContaining({ name: 'b', status: 'linked', phoneNumber: '+15550100123' }),
    ]);
    expect(await credentials.load('b')).toEqual(bytes('credentials of b'));
  });

  test('a late write after clearing is refused and brings nothing back', async () => {
    const { instances, credentials } = await newData().open();
    await linkedInstance({ instances, credentials }, 'a');
    await credentials.clear('a');
    await expect(credentials.save('a', bytes('late'))).rejects.toThrow('a has no credentials');
    const late = [{ type: 'session', id: '1', value: bytes('late') }];
    await expect(credentials.saveKeys('a', late)).rejects.toThrow('a has no credentials');
    expect(await credentials.load('a')).toBeUndefined();
    expect(await credentials.loadKeys('a', 'session', ['1'])).toEqual(new Map());
  });

  test('keys are found by instance, type and id, and only those asked for', async () => {
    const { instances, credentials } = await newData().open();
    await linkedInstance({ instances, credentials }, 'a');
    await linkedInstance({ instances, credentials }, 'b');
    await credentials.saveKeys('a', [
      { type: 'session', id: '2', value: bytes('a session 2') },
      { type: 'pre-key', id: '2', value: bytes('a pre-key 2') },
      { type: 'pre-key', id: '3', value: bytes('') },
    ]);
    expect(await credentials.loadKeys('a', 'pre-key', ['3', '2', '1'])).toEqual(
      new Map([
        ['3', bytes('')],
        ['2', bytes('a pre-key 2')],
      ]),
    );
    expect(await credentials.loadKeys('b', 'session', ['1', '2'])).toEqual(
      new Map([['1', bytes('session of b')]]),
    );
    expect(await credentials.loadKeys('a', 'session', [])).toEqual(new Map());
  });

  test('one call can write, overwrite and forget keys', async () => {
    const { instances, credentials } = await newData().open();
    await linkedInstance({ instances, credentials }, 'a');
    await credentials.saveKeys('a', [{ type: 'session', id: '2', value: bytes('old') }]);
    await credentials.saveKeys('a', [
      { type: 'session', id: '1', value: undefined },
      { type: 'session', id: '2', value: bytes('new') },
      { type: 'session', id: 'never there', value: undefined },
    ]);
    expect(await credentials.loadKeys('a', 'session', ['1', '2', 'never there'])).toEqual(
      new Map([['2', bytes('new')]]),
    );
  });

  test('when one key cannot be written, none is', async () => {
    const { instances, credentials } = await newData().open();
    await linkedInstance({ instances, credentials }, 'a');
    const broken: KeyChange = {
      type: 'session',
      id: '3',
      get value(): Uint8Array {
        throw new Error('cannot be read');
      },
    };
    const changes = [
      { type: 'session', id: '1', value: undefined },
      { type: 'session', id: '2', value: bytes('two') },
      broken,
      { type: 'session', id: '4', value: bytes('four') },
    ];
    await expect(credentials.saveKeys('a', changes)).rejects.toThrow('cannot be read');
    expect(await credentials.loadKeys('a', 'session', ['1', '2', '3', '4'])).toEqual(
      new Map([['1', bytes('session of a')]]),
    );
  });

  test('what was written is there after the store was closed and opened again', async () => {
    const data = newData();
    const first = await data.open();
    await linkedInstance(first, 'a');
    const before = await first.instances.list();
    await first.close();
    const second = await data.open();
    expect(await second.instances.list()).toEqual(before);
    expect(await second.credentials.load('a')).toEqual(bytes('credentials of a'));
    expect(await second.credentials.loadKeys('a', 'session', ['1'])).toEqual(
      new Map([['1', bytes('session of a')]]),
    );
  });

  test('a closed store rejects reads and writes and never says "no credentials"', async () => {
    const store = await newData().open();
    const { credentials } = store;
    await linkedInstance(store, 'a');
    await store.close();
    await expect(credentials.load('a')).rejects.toThrow();
    await expect(credentials.loadKeys('a', 'session', ['1'])).rejects.toThrow();
    await expect(credentials.save('a', bytes('late'))).rejects.toThrow();
  });
}
