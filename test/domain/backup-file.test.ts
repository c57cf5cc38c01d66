import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type BackupHeader, backupFile, backupReader } from '../../src/domain/backup-file.js';

const DATABASE = Buffer.from('SQLite format 3\0 and what follows\nsha256 of nothing\n');
const HEADER: BackupHeader = {
  createTime: '2026-11-30T12:00:00.000Z',
  schema: '0008_presence',
  epoch: 3,
  masterKeyId: '0badcafe',
  databaseBytes: DATABASE.length,
};

async function written(database = DATABASE): Promise<Buffer> {
  async function* parts() {
    yield database.subarray(0, 7);
    yield database.subarray(7);
  }
  const file: Buffer[] = [];
  for await (const part of backupFile({ ...HEADER, databaseBytes: database.length }, parts()))
    file.push(part);
  return Buffer.concat(file);
}

/** Reads a file that is divided at these places. */
function read(file: Buffer, cuts: readonly number[] = []) {
  const reader = backupReader();
  const places = [0, ...cuts.toSorted((a, b) => a - b), file.length];
  const parts = places.slice(1).map((end, index) => reader.push(file.subarray(places[index], end)));
  return { header: reader.finish(), database: Buffer.concat(parts) };
}

describe('a backup file', () => {
  test('gives back its database, however it is divided', async () => {
    const file = await written();
    const cut = fc.integer({ min: 0, max: file.length });
    fc.assert(
      fc.property(fc.array(cut, { maxLength: 10 }), cuts => {
        expect(read(file, cuts)).toEqual({ header: HEADER, database: DATABASE });
      }),
    );
  });

  test('is recognised as cut off, wherever that is', async () => {
    const file = await written();
    for (let length = 0; length < file.length; length++)
      expect(() => read(file.subarray(0, length)), `${length}`).toThrow('cut off');
  });

  test('is recognised as changed, whichever byte is another', async () => {
    const file = await written();
    for (let place = 0; place < file.length; place++) {
      const changed = Buffer.from(file);
      changed[place] = (changed[place] ?? 0) ^ 1;
      expect(() => read(changed), `${place}`).toThrow(/is no backup|cut off|checksum|goes on/);
    }
  });

  test('ends where it says', async () => {
    expect(() => read(Buffer.from('x'))).toThrow('is no backup');
    const endless = Buffer.concat([(await written()).subarray(0, 50), Buffer.alloc(5000, 'x')]);
    expect(() => read(endless)).toThrow('is no backup');
    const longer = Buffer.concat([Buffer.from(await written()), Buffer.of(0)]);
    expect(() => read(longer)).toThrow('goes on');
  });

  test('may hold an empty database', async () => {
    expect(read(await written(Buffer.alloc(0))).database).toHaveLength(0);
  });
});
