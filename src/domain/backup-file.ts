import { createHash } from 'node:crypto';

/** What a backup tells of itself, none of it secret. */
export type BackupHeader = {
  /** When it was made, in ISO 8601. */
  readonly createTime: string;
  /** The last migration of its database. */
  readonly schema: string;
  /** How often the data had been opened by then. */
  readonly epoch: number;
  /** Tells the master key that opens it from others. */
  readonly masterKeyId: string;
  /** Length of the database in it. */
  readonly databaseBytes: number;
};

const FORMAT = 'wa-privacy backup 1 ';
/** Who has read so much without the end of the first line has no backup. */
const LONGEST_HEADER = 4096;
const START = Buffer.from(FORMAT);
const EMPTY = Buffer.alloc(0);

const lastLine = (sha256: string): string => `\nsha256 ${sha256}\n`;

/**
 * A backup file, part by part: a line with the format and the header as JSON, the SQLite database, and a line with the
 * SHA-256 of all before it, which is missing when the file was cut off.
 */
export async function* backupFile(
  header: BackupHeader,
  database: AsyncIterable<Buffer>,
): AsyncGenerator<Buffer> {
  const hash = createHash('sha256');
  const counted = (part: Buffer): Buffer => {
    hash.update(part);
    return part;
  };
  yield counted(Buffer.from(`${FORMAT}${JSON.stringify(header)}\n`));
  for await (const part of database) yield counted(part);
  yield Buffer.from(lastLine(hash.digest('hex')));
}

/** Reads a backup file, part by part, however it is divided. */
export type BackupReader = {
  /** The bytes of the database in the next part of the file. Throws when it is no backup. */
  push(part: Buffer): Buffer;
  /** To be called behind the last part: throws when the file is cut off or was changed. */
  finish(): BackupHeader;
};

/** Makes a reader of one file. */
export function backupReader(): BackupReader {
  const hash = createHash('sha256');
  let begun: Buffer = EMPTY;
  let header: BackupHeader | undefined;
  let missing = 0;
  let end: Buffer = EMPTY;

  /** What follows the header in the part that ends it. */
  function readHeader(part: Buffer): Buffer {
    begun = Buffer.concat([begun, part]);
    const length = begun.indexOf('\n') + 1;
    const mayBe =
      begun.length < LONGEST_HEADER &&
      begun.subarray(0, FORMAT.length).equals(START.subarray(0, begun.length));
    if (length === 0 && mayBe) return EMPTY;
    header = parseHeader(begun.subarray(0, length).toString());
    missing = header.databaseBytes;
    hash.update(begun.subarray(0, length));
    return begun.subarray(length);
  }

  return {
    push(part) {
      const rest = header ? part : readHeader(part);
      const database = rest.subarray(0, missing);
      hash.update(database);
      missing -= database.length;
      end = Buffer.concat([end, rest.subarray(database.length)]);
      if (end.length > LAST_LINE_BYTES) throw new Error('The backup goes on behind its end');
      return database;
    },
    finish() {
      if (!header || end.length < LAST_LINE_BYTES) throw new Error('The backup is cut off');
      if (end.toString() !== lastLine(hash.digest('hex')))
        throw new Error('The backup is not as it was made: its checksum is another');
      return header;
    },
  };
}

const LAST_LINE_BYTES = lastLine('0'.repeat(64)).length;

function parseHeader(line: string): BackupHeader {
  try {
    const header = JSON.parse(line.startsWith(FORMAT) ? line.slice(FORMAT.length) : '') as BackupHeader;
    if (Number.isSafeInteger(header.databaseBytes) && header.databaseBytes >= 0) return header;
  } catch {
    // Said below.
  }
  throw new Error('This is no backup that this version of wa-privacy can read');
}
