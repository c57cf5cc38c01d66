import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { status } from '@grpc/grpc-js';
import type { Command } from 'commander';
import {
  type CreateInstanceResponse,
  ImportInstanceResponse,
  Instance_State,
  InstanceServiceService,
} from '../../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import { cannotRead } from '../../input/toml-file.js';
import { UsageError } from '../../input/usage-error.js';
import { type Api, isServiceError } from '../client/client.js';
import { clientCommand, type Run } from '../client/client-command.js';
import { fields, type Output, toJson } from '../terminal/output.js';
import { instanceText } from '../texts/instance-text.js';

type Flags = { readonly baileys?: string; readonly creds?: string; readonly stopped?: true };

/** Adds `instance import`. */
export const addImportCommand = (instance: Command): Command =>
  clientCommand<Flags>(
    instance,
    'import <name>',
    'Take over a device that another program has linked; stop that program first, for good',
    run,
  )
    .option('--baileys <folder>', "Baileys' multi-file auth folder")
    .option('--creds <file>', 'only its creds.json')
    .option('--stopped', 'the other program is stopped: do not ask');

/** A program that is running writes now and then; after this long without it is taken to have stopped. */
const QUIET_MS = 30_000;

async function run({ api, output, args: [name = ''], flags }: Run<Flags>): Promise<void> {
  const { baileys, creds } = flags;
  if ((baileys === undefined) === (creds === undefined))
    throw new UsageError(['name the device: --baileys FOLDER or --creds FILE']);
  const content = baileys === undefined ? fromFile(creds ?? '') : fromFolder(baileys);
  if (!flags.stopped && !(await confirmed(output))) return;

  const made = await output.progress('Looking', makeUnlessThere(api, name));
  const source = { $case: 'baileysCreds', value: content } as const;
  const taken = api.call(InstanceServiceService.importInstance, { instance: name, source });
  const response = await output.progress('Taking over', taken).catch(async (error: unknown) => {
    if (made) await forgetUnlinked(api, name);
    throw error;
  });
  output.print({ ...toJsonObject(response), ...(made && { secret: made.secret }) }, () =>
    [
      instanceText(response.instance),
      ...(made ? [fields([['token', made.secret]]), 'The token is shown only here.'] : []),
      `Never start the other program with ${baileys ?? creds} again: the two would throw each other out.`,
    ].join('\n'),
  );
}

const toJsonObject = (response: ImportInstanceResponse) =>
  toJson(ImportInstanceResponse, response) as Record<string, unknown>;

async function makeUnlessThere(api: Api, name: string): Promise<CreateInstanceResponse | undefined> {
  try {
    await api.call(InstanceServiceService.getInstance, { instance: name });
    return undefined;
  } catch (error) {
    if (!isServiceError(error) || error.code !== status.NOT_FOUND) throw error;
    const wanted = {
      name,
      displayName: '',
      connectionMode: 0,
      presence: 0,
      requestId: '',
      proxy: '',
      labels: {},
    };
    return api.call(InstanceServiceService.createInstance, wanted);
  }
}

/** An instance that was made for nothing would keep the name, and its token is lost. */
async function forgetUnlinked(api: Api, name: string): Promise<void> {
  const { instance } = await api.call(InstanceServiceService.getInstance, { instance: name });
  if (instance?.state === Instance_State.UNLINKED)
    await api.call(InstanceServiceService.deleteInstance, {
      instance: name,
      etag: instance.etag,
      allowMissing: true,
      requestId: '',
    });
}

function fromFolder(folder: string): Buffer {
  const names = readable(folder, () => readdirSync(folder));
  if (!names.includes('creds.json')) throw new UsageError([`${folder}: has no creds.json`]);
  const locks = names.filter(name => /\.(lock|pid)$|lock$/i.test(name));
  if (locks.length > 0)
    throw new UsageError([
      `${join(folder, locks[0] ?? '')}: a program holds the folder; stop it, then remove this`,
    ]);
  const keys = names.filter(name => name.endsWith('.json') && name !== 'creds.json');
  for (const key of keys) refuseFresh(join(folder, key));
  for (const key of keys) parsed(join(folder, key));
  if (!keys.some(key => key.startsWith('pre-key-')))
    throw new UsageError([`${folder}: is not whole: it has no pre-key-….json`]);
  return fromFile(join(folder, 'creds.json'));
}

/** The file without the list of messages, which grows without end and is not used. */
function fromFile(file: string): Buffer {
  refuseFresh(file);
  const { processedHistoryMessages: _, ...creds } = Object(parsed(file)) as Record<string, unknown>;
  return Buffer.from(JSON.stringify(creds));
}

function parsed(file: string): unknown {
  const text = readable(file, () => readFileSync(file, 'utf8'));
  try {
    return JSON.parse(text);
  } catch {
    // Without what it says, which is secret.
    throw new UsageError([`${file}: is no JSON; it was cut off, or is being written`]);
  }
}

function refuseFresh(file: string): void {
  const agoMs = Date.now() - readable(file, () => statSync(file)).mtimeMs;
  if (agoMs >= QUIET_MS || agoMs < 0) return;
  const ago = Math.ceil(agoMs / 1000);
  throw new UsageError([
    `${file}: was written ${ago} s ago, so a program still uses it; stop that, then wait ${QUIET_MS / 1000} s`,
  ]);
}

function readable<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw new UsageError([`${path}: ${cannotRead(cause)}`]);
  }
}

async function confirmed(output: Output): Promise<boolean> {
  if (!output.terminal || !process.stdin.isTTY)
    throw new UsageError(['stop the program that uses this device, for good, and say so with --stopped']);
  const { confirm } = await import('@clack/prompts');
  const message = 'Is the program that uses this device stopped, for good?';
  return (await confirm({ message, initialValue: false, output: process.stderr })) === true;
}
