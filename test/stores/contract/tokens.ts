import { expect, test } from 'vitest';
import type { TokenStore } from '../../../src/access/ports.js';
import type { Data } from './data.js';
import { at, digestOf, instanceRecord, tokenRecord } from './records.js';

/** The ids of all pages. */
async function pagesOf(tokens: TokenStore, limit: number, between = async () => {}): Promise<string[][]> {
  const pages: string[][] = [];
  let after: string | undefined;
  do {
    const page = await tokens.list({ after, limit, now: at(60) });
    pages.push(page.tokens.map(({ id }) => id));
    after = page.next;
    await between();
  } while (after !== undefined);
  return pages;
}

export function tokenContract(newData: () => Data): void {
  test('a token is found by id and by digest, as it was put', async () => {
    const { instances, tokens } = await newData().open();
    await instances.create(instanceRecord('a'));
    const full = {
      ...tokenRecord('full'),
      kind: 'INSTANCE' as const,
      instance: 'a',
      access: 'READ_ONLY' as const,
      expireTime: at(100),
      lastUseTime: at(50),
      certificateSubject: 'spiffe://example.com/desk',
    };
    await tokens.put(full);
    await tokens.put(tokenRecord('plain'));
    expect(await tokens.find('full')).toEqual(full);
    expect(await tokens.findByDigest(digestOf('plain'))).toEqual(tokenRecord('plain'));
    expect(await tokens.find('none')).toBeUndefined();
    expect(await tokens.findByDigest(digestOf('none'))).toBeUndefined();
  });

  test('a token takes the place of the one with its id', async () => {
    const { tokens } = await newData().open();
    await tokens.put(tokenRecord('first'));
    await tokens.put({ ...tokenRecord('first'), displayName: 'new', digest: digestOf('new') });
    expect(await tokens.findByDigest(digestOf('first'))).toBeUndefined();
    expect(await tokens.findByDigest(digestOf('new'))).toMatchObject({ id: 'first', displayName: 'new' });
    expect(await pagesOf(tokens, 10)).toEqual([['first']]);
  });

  test('a token for an instance that is not there is refused with INSTANCE_NOT_FOUND', async () => {
    const { tokens } = await newData().open();
    const record = { ...tokenRecord('x'), kind: 'INSTANCE' as const, instance: 'ghost' };
    await expect(tokens.put(record)).rejects.toMatchObject({
      problem: { kind: 'INSTANCE_NOT_FOUND', instance: 'ghost' },
    });
    expect(await tokens.find('x')).toBeUndefined();
  });

  test('tokens are listed oldest first in pages, also those made in the same moment', async () => {
    const { tokens } = await newData().open();
    for (const [id, second] of [
      ['e', 3],
      ['c', 2],
      ['a', 2],
      ['b', 2],
      ['d', 1],
    ] as const) {
      await tokens.put(tokenRecord(id, second));
    }
    expect(await pagesOf(tokens, 2)).toEqual([['d', 'a'], ['b', 'c'], ['e']]);
    expect(await pagesOf(tokens, 5)).toEqual([['d', 'a', 'b', 'c', 'e']]);
  });

  test('pages skip and repeat nothing while tokens come and go', async () => {
    const { tokens } = await newData().open();
    for (const second of [1, 2, 3, 4]) await tokens.put(tokenRecord(`t${second}`, second));
    let round = 0;
    const pages = await pagesOf(tokens, 1, async () => {
      round++;
      if (round === 1) await tokens.remove('t1');
      if (round === 2) await tokens.put(tokenRecord('t5', 5));
    });
    expect(pages.flat()).toEqual(['t1', 't2', 't3', 't4', 't5']);
  });

  test('expired tokens are not listed', async () => {
    const { tokens } = await newData().open();
    await tokens.put({ ...tokenRecord('past', 1), expireTime: at(59) });
    await tokens.put({ ...tokenRecord('now', 2), expireTime: at(60) });
    await tokens.put({ ...tokenRecord('soon', 3), expireTime: at(61) });
    await tokens.put(tokenRecord('never', 4));
    expect(await pagesOf(tokens, 10)).toEqual([['soon', 'never']]);
  });

  test('a cursor that no page gave is refused as an invalid page_token', async () => {
    const { tokens } = await newData().open();
    for (const after of ['', 'x', '12', '.x', '12.', `${'9'.repeat(40)}.x`]) {
      await expect(tokens.list({ after, limit: 2, now: at(0) })).rejects.toMatchObject({
        problem: { kind: 'INVALID_REQUEST', violations: [{ field: 'page_token', reason: 'INVALID_FORMAT' }] },
      });
    }
  });

  test('the times of last use are written for the tokens that are still there', async () => {
    const { tokens } = await newData().open();
    for (const id of ['a', 'b', 'c']) await tokens.put(tokenRecord(id));
    await tokens.touch(
      new Map([
        ['a', at(7)],
        ['b', at(8)],
        ['ghost', at(9)],
      ]),
    );
    const uses = (await tokens.list({ after: undefined, limit: 10, now: at(0) })).tokens;
    expect(uses.map(({ id, lastUseTime }) => [id, lastUseTime])).toEqual([
      ['a', at(7)],
      ['b', at(8)],
      ['c', undefined],
    ]);
  });

  test('an expiry time can be set, and tells whether there was such a token', async () => {
    const { tokens } = await newData().open();
    await tokens.put(tokenRecord('a'));
    expect(await tokens.expire('a', at(5))).toBe(true);
    expect(await tokens.expire('ghost', at(5))).toBe(false);
    // With what belongs to it, or nothing of that.
    expect(await tokens.expire('ghost', at(5), [tokens.putting(tokenRecord('of ghost'))])).toBe(false);
    expect(await tokens.find('of ghost')).toBeUndefined();
    expect(await tokens.expire('a', at(5), [tokens.putting(tokenRecord('of a'))])).toBe(true);
    expect(await tokens.find('of a')).toBeDefined();
    expect(await tokens.find('a')).toEqual({ ...tokenRecord('a'), expireTime: at(5) });
  });

  test('removing tells whether there was such a token', async () => {
    const { tokens } = await newData().open();
    await tokens.put(tokenRecord('a'));
    expect(await tokens.remove('a')).toBe(true);
    expect(await tokens.remove('a')).toBe(false);
    expect(await tokens.findByDigest(digestOf('a'))).toBeUndefined();
  });

  test('pruning forgets the expired tokens but for the one to keep', async () => {
    const { tokens } = await newData().open();
    await tokens.put({ ...tokenRecord('kept'), expireTime: at(1) });
    await tokens.put({ ...tokenRecord('past'), expireTime: at(60) });
    await tokens.put({ ...tokenRecord('soon'), expireTime: at(61) });
    await tokens.put(tokenRecord('never'));
    await tokens.prune(at(60), 'kept');
    const left = await Promise.all(['kept', 'past', 'soon', 'never'].map(id => tokens.find(id)));
    expect(left.map(token => token?.id)).toEqual(['kept', undefined, 'soon', 'never']);
  });
}
