import { join } from 'node:path';
import { readConfig } from '../config/config.js';
import { UsageError } from '../input/usage-error.js';
import { findMasterKey, masterKeyFile } from '../stores/sealing/master-key.js';
import { restoreBackup } from '../stores/sqlite/restore.js';

/** The flags of `restore`. */
export type RestoreFlags = {
  readonly dataDir?: string;
  readonly config?: string;
  readonly force?: true;
};

/** Restores a backup into the data folder, with the configuration of `serve`. Throws with a text for the operator. */
export async function restore(backup: string, { dataDir, config, force }: RestoreFlags): Promise<void> {
  const read = readConfig({ flags: { '--data-dir': dataDir, '--config': config }, env: process.env });
  if (read.kind === 'mistakes') throw new UsageError(read.mistakes);
  const { dataDir: folder, database: postgres, masterKey, previousMasterKey } = read.config;
  if (postgres)
    throw new Error('The data is in PostgreSQL, and a backup is of SQLite: restore it with pg_restore');
  const key = findMasterKey({ configured: masterKey?.reveal().toString('base64'), folder });
  const database = join(folder, 'wa-privacy.db');
  const { header, keptAs } = await restoreBackup({
    backup,
    database,
    masterKeys: [key, previousMasterKey?.reveal()].filter(one => one !== undefined),
    force: force ?? false,
  });
  const lines = [
    `Restored the backup of ${header.createTime} to ${database}.`,
    ...(keptAs
      ? [`What was there is kept as ${keptAs}; it holds what is secret, so remove it some day.`]
      : []),
    ...(key
      ? []
      : [
          `Not checked: the master key. It opens with key ${header.masterKeyId} as ${masterKeyFile(folder)}.`,
        ]),
    'All is as it was then:',
    '- Tokens that were revoked since work again. See `wa-privacy token list`, and revoke them again.',
    '- Instances linked since are not linked, though the phone lists their devices: remove those there, and link again.',
    '- The keys of devices are those of then. A service on another copy of them must never run again: WhatsApp would',
    '  throw the two out in turn.',
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}
