import { expect, test } from 'vitest';
import type { VersionRecord } from '../../../src/instances/ports/client-version.js';
import type { Data } from './data.js';
import { at } from './records.js';

const whole: VersionRecord = {
  fetched: { revision: 1_053_000_000, time: at(1) },
  lookTime: at(2),
  expiration: { revision: 1_048_032_155, time: at(30) },
};
const nothing: VersionRecord = { fetched: undefined, lookTime: undefined, expiration: undefined };

export function versionContract(newData: () => Data): void {
  test('there is nothing at first, and then what was saved last, also after a restart', async () => {
    const data = newData();
    const { versions, close } = await data.open();
    expect(await versions.load()).toEqual(nothing);
    await versions.save(whole);
    await versions.save({ ...whole, expiration: undefined });
    await close();
    expect(await (await data.open()).versions.load()).toEqual({ ...whole, expiration: undefined });
  });
}
