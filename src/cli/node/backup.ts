import { existsSync, rmSync } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Command } from 'commander';
import { NodeServiceService } from '../../../gen/ts/whatsapp/privacy/v1/node_service.js';
import { type BackupHeader, backupReader } from '../../domain/backup-file.js';
import { UsageError } from '../../input/usage-error.js';
import type { Api } from '../client/client.js';
import { clientCommand, type Run } from '../client/client-command.js';
import { fields } from '../terminal/output.js';

type Flags = { readonly force?: true };

/** Adds `backup`. */
export function addBackupCommand(program: Command): void {
  clientCommand<Flags>(
    program,
    'backup <file>',
    'Save all that the service keeps, while it runs; the master key that opens it is not in it',
    run,
  ).option('--force', 'replace the file when it is there');
}

async function run({ api, output, args: [file = ''], flags }: Run<Flags>): Promise<void> {
  if (existsSync(file) && !flags.force)
    throw new UsageError([`${file}: is there already; --force replaces it`]);
  const header = await output.progress('Saving', save(api, file));
  output.print({ file, ...header }, () =>
    fields([
      ['saved to', file],
      ['as of', header.createTime],
      ['bytes', String(header.databaseBytes)],
      ['master key', `${header.masterKeyId}, not in it: keep a copy of it elsewhere`],
    ]),
  );
}

/** Saves a backup: afterwards the file is whole and for this user alone, or it is as it was. */
async function save(api: Api, file: string): Promise<BackupHeader> {
  const draft = `${file}.${process.pid}`;
  const reader = backupReader();
  try {
    await using handle = await open(draft, 'wx', 0o600);
    for await (const { data } of api.stream(NodeServiceService.downloadBackup, {})) {
      reader.push(data);
      await handle.appendFile(data);
    }
    const header = reader.finish();
    await handle.sync();
    await rename(draft, file);
    await syncFolder(dirname(file));
    return header;
  } finally {
    rmSync(draft, { force: true });
  }
}

async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return; // Cannot open one.
  await using handle = await open(folder);
  await handle.sync();
}
