import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');
const SCRIPT = join(ROOT, 'scripts/check-contract.mjs');
const CONTRACT = 'proto/desk/v1/desk.proto';

const folder = mkdtempSync(join(tmpdir(), 'wa-privacy-contract-'));
afterAll(() => rmSync(folder, { recursive: true }));

const env = {
  ...process.env,
  PATH: `${join(ROOT, 'node_modules/.bin')}${delimiter}${process.env['PATH']}`,
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_SYSTEM: '/dev/null',
};
for (const role of ['AUTHOR', 'COMMITTER'])
  Object.assign(env, { [`GIT_${role}_NAME`]: 'test', [`GIT_${role}_EMAIL`]: 'test@example.com' });

/** A contract with these RPCs. */
const contract = (...rpcs: string[]) => `syntax = "proto3";
package desk.v1;
service DeskService {
${rpcs.map(rpc => `  rpc ${rpc}(Request) returns (Response);`).join('\n')}
}
message Request {}
message Response {}
`;

let count = 0;
/** A repository whose contract has Open and Close. */
function repository() {
  count += 1;
  const root = join(folder, `${count}`);
  mkdirSync(root);
  const git = (...args: string[]) => execFileSync('git', args, { cwd: root, env, stdio: 'pipe' });
  const commit = (files: Record<string, string>) => {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(root, name)), { recursive: true });
      writeFileSync(join(root, name), text);
    }
    git('add', '.');
    git('commit', '--message', `changes ${Object.keys(files).join(' and ')}`);
  };
  git('init', '--initial-branch', 'main');
  commit({
    'buf.yaml': 'version: v2\nmodules:\n  - path: proto\nbreaking:\n  use: [FILE]\n',
    [CONTRACT]: contract('Open', 'Close'),
  });
  return { root, git, commit };
}

/** What the check says in a repository; nothing when it passes. */
function check(root: string) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [SCRIPT], {
    cwd: root,
    env,
    encoding: 'utf8',
  });
  expect(status).toBe(`${stdout}${stderr}` === '' ? 0 : 1);
  return `${stdout}${stderr}`;
}

const CLOSE_DELETED = 'Previously present RPC "Close" on service "DeskService" was deleted.';
const REPORT_DELETED = 'Previously present RPC "Report" on service "DeskService" was deleted.';

describe('the check of the contract', () => {
  test('passes while the contract grows', () => {
    const { root, commit } = repository();
    commit({ [CONTRACT]: contract('Open', 'Close', 'Report') });
    expect(check(root)).toBe('');
  });

  test('tells what a change that is not committed yet takes away', () => {
    const { root } = repository();
    writeFileSync(join(root, CONTRACT), contract('Open'));
    expect(check(root)).toContain(CLOSE_DELETED);
  });

  test('tells of a removal that other commits follow', () => {
    const { root, commit } = repository();
    commit({ [CONTRACT]: contract('Open') });
    commit({ [CONTRACT]: contract('Open', 'Report') });
    commit({ 'README.md': 'Desks\n' });
    expect(check(root)).toContain(CLOSE_DELETED);
  });

  test('tells what a merge dropped', () => {
    const { root, git, commit } = repository();
    git('branch', 'side');
    commit({ [CONTRACT]: contract('Open', 'Close', 'Report') });
    git('checkout', 'side');
    commit({ 'README.md': 'Desks\n' });
    git('merge', '--strategy', 'ours', 'main');
    expect(check(root)).toContain(REPORT_DELETED);
  });

  test('refuses a clone without the history', () => {
    const { root, commit } = repository();
    commit({ [CONTRACT]: contract('Open') });
    const shallow = `${root}-shallow`;
    execFileSync('git', ['clone', '--depth', '1', `file://${root}`, shallow], { env, stdio: 'pipe' });
    expect(check(shallow)).toContain('git fetch --unshallow');
  });
});

describe('a break that is accepted', () => {
  test('passes, and the next one does not', () => {
    const { root, commit } = repository();
    commit({ [CONTRACT]: contract('Open', 'Report') });
    commit({ '.ci/contract-breaks': 'Close goes: nobody closed.\n' });
    expect(check(root)).toBe('');
    commit({ [CONTRACT]: contract('Open') });
    expect(check(root)).toContain(REPORT_DELETED);
  });

  test('is accepted in a commit of its own or not at all', () => {
    const { root, commit } = repository();
    commit({ [CONTRACT]: contract('Open'), '.ci/contract-breaks': 'Close goes.\n' });
    expect(check(root)).toContain('.ci/contract-breaks changes only in a commit of its own');
  });
});

describe('a contract that is frozen', () => {
  const freeze = { '.ci/contract-breaks': 'Close went.\n\nFrozen: v1\n' };

  test('may grow', () => {
    const { root, commit } = repository();
    commit({ [CONTRACT]: contract('Open') });
    commit(freeze);
    commit({ [CONTRACT]: contract('Open', 'Report') });
    expect(check(root)).toBe('');
  });

  test('sends what breaks it to the next major package', () => {
    const { root, commit } = repository();
    commit(freeze);
    commit({ [CONTRACT]: contract('Open') });
    expect(check(root)).toContain(CLOSE_DELETED);
    expect(check(root)).toContain('v1 is frozen: what must break goes into a package of its own, v2');
  });

  test.each([
    ['accepted', { '.ci/contract-breaks': 'Frozen: v1\n\nClose goes all the same.\n' }],
    ['accepted by one who takes the freeze back', { '.ci/contract-breaks': 'Close goes.\n' }],
  ])('has no break that is %s', (_, again) => {
    const { root, commit } = repository();
    commit(freeze);
    commit({ [CONTRACT]: contract('Open') });
    commit(again);
    expect(check(root)).toContain('v1 is frozen, and .ci/contract-breaks does not change any more.');
  });

  test('stays frozen when the file that says so is deleted', () => {
    const { root, git, commit } = repository();
    commit(freeze);
    git('rm', '.ci/contract-breaks');
    commit({ 'README.md': 'Desks\n' });
    expect(check(root)).toContain('v1 is frozen, and .ci/contract-breaks does not change any more.');
  });
});
