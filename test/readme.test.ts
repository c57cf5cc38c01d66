import { execFile } from 'node:child_process';
import {
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { InstanceServiceService as Instances } from '../gen/ts/whatsapp/privacy/v1/instance_service.js';
import { configTable } from '../src/config/table.js';
import { PRESETS, type Preset } from '../src/domain/settings/presets.js';
import { SETTING_NAMES, specOf } from '../src/domain/settings/settings-table.js';
import { run as runCli } from './cli/support/run.js';
import { METHODS, shortName } from './grpc/support/methods.js';
import { link } from './support/link.js';
import { ACCOUNT_TOKEN, type Service, startService } from './support/service.js';

const ROOT = join(import.meta.dirname, '..');
const README = readFileSync(join(ROOT, 'README.md'), 'utf8');

test('the README lists the settings of the table', () => {
  const rows = SETTING_NAMES.map(setting => {
    const { values, access, meaning } = specOf(setting);
    const allowed = access === 'read_only' ? 'read only' : values.map(value => `\`${value}\``).join(', ');
    return `| \`${setting}\` | ${meaning} | ${allowed} |`;
  });
  expect(README).toContain(
    ['| setting | what it decides | values |', '| --- | --- | --- |', ...rows].join('\n'),
  );
});

describe('what the README says that it does', () => {
  const list = README.split('## What it does\n')[1]?.split('\n## ')[0] ?? '';
  const rows = list.split('\n').filter(line => line.startsWith('| `'));
  /** What stands in code quotes in a column. */
  const quoted = (column: number) =>
    rows.flatMap(row =>
      [...(row.split('|')[column] ?? '').matchAll(/`([^`]+)`/g)].map(([, text = '']) => text),
    );

  test('is every method of the contract, and nothing else', () => {
    const [privacy, others] = [true, false].map(isPrivacy =>
      METHODS.map(shortName).filter(name => name.startsWith('PrivacyService/') === isPrivacy),
    ) as [string[], string[]];
    const services = new Set(others.map(name => name.split('/')[0]));
    const methods = privacy.map(name => name.split('/')[1]);
    expect(quoted(1).sort()).toEqual([...methods, ...services].sort());
  });

  test.each(quoted(3))('has the command %s', async command => {
    const { code, stdout } = await runCli([...command.split(' '), '--help']);
    expect(code).toBe(0);
    expect(stdout).toContain(`Usage: wa-privacy ${command}`);
  });
});

test('no page and no help says what would fetch a stranger’s package of this name', () => {
  const fetching = /\b(?:npx|npm (?:exec|x|i|install|add))\b[^\n|;&]* wa-privacy(?![-/.\w])/;
  const files = globSync(['*.md', 'docs/*.md', 'src/**/*.{md,ts}'], { cwd: ROOT });
  expect(files).toContain('README.md');
  expect(files.filter(file => fetching.test(readFileSync(join(ROOT, file), 'utf8')))).toEqual([]);
});

test('the README lists the presets', () => {
  const rows = Object.entries<Preset>(PRESETS).map(([name, { values, meaning }]) => {
    const assignments = Object.entries(values).map(([setting, value]) => `${setting}=${value}`);
    return `| \`${name}\` | ${meaning} | \`${assignments.join(' ')}\` |`;
  });
  expect(README).toContain(['| preset | for | values |', '| --- | --- | --- |', ...rows].join('\n'));
});

test('the README lists the variables of the configuration', () => {
  expect(README).toContain(configTable());
});

test('the README has a line for every folder of src', () => {
  const folders = readdirSync(join(ROOT, 'src')).filter(name =>
    statSync(join(ROOT, 'src', name)).isDirectory(),
  );
  const block = README.split('## Folders')[1]?.split('```')[1] ?? '';
  expect([...block.matchAll(/^ {2}(\w+)\/ /gm)].map(match => match[1]).sort()).toEqual(folders.sort());
});

describe('the lines of the README', () => {
  let service: Service;
  let folder: string;

  beforeAll(async () => {
    service = await startService();
    folder = mkdtempSync(join(tmpdir(), 'wa-privacy-readme-'));
    mkdirSync(join(folder, 'data'));
    writeFileSync(join(folder, 'data/account-token'), ACCOUNT_TOKEN);
    const phone = service.simulator.addPhone({ phoneNumber: '15550100123' });
    await service.client.call(Instances.createInstance, { name: 'support-desk' });
    await link(service.client, 'support-desk', phone);
  });
  afterAll(async () => {
    await service[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Runs a block of the README as it stands, but for the address of the service and the folder of the program. */
  const run = (block: string) =>
    promisify(execFile)(
      'sh',
      [
        '-c',
        block
          .replaceAll('127.0.0.1:50051', service.address)
          .replaceAll('node dist/', `node '${ROOT}'/dist/`)
          .replaceAll('npx @bufbuild/', ''),
      ],
      {
        cwd: folder,
        env: {
          PATH: `${join(ROOT, 'node_modules/.bin')}${delimiter}${process.env['PATH']}`,
          WA_PRIVACY_SERVER: service.address,
        },
      },
    );
  const blocks = [...README.matchAll(/```sh\n(.*?)```(?:\n\n```text\n(.*?)```)?/gs)].map(
    ([, command, answer]) => ({
      command: command ?? '',
      answer,
    }),
  );
  const withAnswer = blocks.filter(({ answer }) => answer !== undefined);

  test('give the answers it shows', async () => {
    expect(withAnswer).toHaveLength(2);
    for (const { command, answer } of withAnswer) {
      if (answer?.startsWith('ABORTED'))
        service.simulator.inject({
          match: { on: 'privacy_set', category: 'groupadd' },
          effect: { do: 'refuse_category', code: 403, text: 'forbidden' },
        });
      const { stdout, stderr } = await run(command).catch(failed => failed);
      const shown = `${stdout}${stderr}`.replace(/^ *request id .*\n/m, '');
      expect(shown.trimEnd()).toBe(answer?.trimEnd());
    }
  });

  test('call the service with buf and no proto files', async () => {
    const calls = blocks.filter(({ command }) => command.startsWith('npx @bufbuild/buf curl'));
    expect(calls).toHaveLength(3);
    const [methods, read, update] = await Promise.all(calls.map(({ command }) => run(command)));
    expect(methods?.stdout).toContain('whatsapp.privacy.v1.PrivacyService/UpdatePrivacySettings');
    expect(JSON.parse(read?.stdout ?? '').settings.privacy.readReceipts).toBe('READ_RECEIPTS_MODE_ALL');
    expect(JSON.parse(update?.stdout ?? '').settings.visibility.lastSeen).toBe('LAST_SEEN_VISIBILITY_NONE');
  });
});
