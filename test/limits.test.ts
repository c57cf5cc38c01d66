import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { OPTIONS, type OptionName, optionSpec, variableOf } from '../src/config/table.js';
import {
  LARGEST_ANSWER,
  LARGEST_BLACKLIST_PAGE,
  LARGEST_CREDS,
  LARGEST_MESSAGE,
  LARGEST_PAGE,
  LONGEST_DISPLAY_NAME,
  LONGEST_PROXY,
  LONGEST_SUBJECT,
  MOST_CONTACTS,
  MOST_INSTANCES,
  USUAL_BLACKLIST_PAGE,
  USUAL_PAGE,
} from '../src/contract/sizes.js';
import { isLabelKey, isLabelValue, MOST_LABELS } from '../src/domain/labels/labels.js';
import { LONGEST_SELECTOR, MOST_REQUIREMENTS } from '../src/domain/labels/parse-selector.js';
import { MOST_HOPS } from '../src/grpc/hops/open-hops.js';
import { METHODS } from '../src/grpc/method-table.js';
import { WIDTH } from '../src/grpc/methods/privacy/apply.js';
import { SERVER_OPTIONS } from '../src/grpc/server/transport.js';
import { budget, type IqKind } from '../src/instances/account/budget.js';
import { LIMITS } from '../src/limits.js';
import { STATEMENT_MS } from '../src/stores/postgres/postgres.js';

const read = (path: string) => readFileSync(join(import.meta.dirname, '..', path), 'utf8');

const kib = (bytes: number) => `${bytes / 1024} KiB`;
const seconds = (ms: number) => `${ms / 1000} s`;
const minutes = (ms = 0) => `${ms / 60_000} min`;

/** As a row names an option and its default. */
const option = (what: string, name: OptionName): [string, string] => [
  `${what}, \`${variableOf(name)}\``,
  optionSpec(name).default ?? 'none',
];
const deadlinesOf = (name: string) => {
  const method = [...METHODS.values()].find(method => method.name === name);
  if (!method) throw new Error(`no method ${name}`);
  return method.deadlines;
};
/** How much a budget with the usual limits gives before any time has passed. */
function atOnce(kind: IqKind, name: OptionName): string {
  const { take } = budget('desk', { [kind]: Number(option('', name)[1]) }, () => 0);
  let taken = 0;
  while (!take({ [kind]: 1 })) taken++;
  return String(taken);
}

/** The length of the longest text that all of these take. */
function longest(...take: ((text: string) => boolean)[]): number {
  let length = 0;
  while (take.every(takes => takes('a'.repeat(length + 1)))) length++;
  return length;
}

const USUAL = deadlinesOf('GetPrivacySettings');
const { token, instance, peer, connection, node } = LIMITS;
const NUMBERS: readonly (readonly [limit: string, number: string | number])[] = [
  ['a message, uncompressed', kib(LARGEST_MESSAGE)],
  ['instances that ApplyPrivacySettings or WatchPrivacySettings names', MOST_INSTANCES],
  ['instances that a `label_selector` of ApplyPrivacySettings matches', MOST_INSTANCES],
  [
    'instances that one ApplyPrivacySettings updates at the same time',
    `${WIDTH.atLeast} to ${WIDTH.atMost}, as far as the processor has room beside other calls`,
  ],
  ['instances that BatchCreateInstances makes', MOST_INSTANCES],
  ['labels of an instance', MOST_LABELS],
  ['the key of a label, and its value, in characters', longest(isLabelKey, isLabelValue)],
  ['`label_selector`, in characters', LONGEST_SELECTOR],
  ['requirements of a `label_selector`', MOST_REQUIREMENTS],
  ['contacts that UpdateContactBlacklist adds, and as many that it removes', MOST_CONTACTS],
  ['a display name, in characters', LONGEST_DISPLAY_NAME],
  ['`certificate_subject`, in characters', LONGEST_SUBJECT],
  ['the URL of a proxy, in characters', LONGEST_PROXY],
  ['`baileys_creds`, in bytes', LARGEST_CREDS],
  ['entries of a page', LARGEST_PAGE],
  ['entries of a page where `page_size` is 0', USUAL_PAGE],
  ['contacts of a page of GetContactBlacklist', LARGEST_BLACKLIST_PAGE],
  [
    'contacts of such a page where `page_size` is 0, and of the answer of UpdateContactBlacklist',
    USUAL_BLACKLIST_PAGE,
  ],
  ['results of a page of GetApplyResult, in bytes', LARGEST_ANSWER],

  ['a call without a deadline', seconds(USUAL.defaultMs)],
  ['a call, whatever its deadline', minutes(USUAL.maximumMs)],
  ['ApplyPrivacySettings, `detached` or not', minutes(deadlinesOf('ApplyPrivacySettings').maximumMs)],
  ['LinkInstance', minutes(deadlinesOf('LinkInstance').maximumMs)],
  ['WatchPrivacySettings', minutes(deadlinesOf('WatchPrivacySettings').maximumMs)],

  option('calls in a minute', 'rate_limit_per_minute'),
  ['CreateInstance in a minute', token.createsPerMinute],
  ['BatchCreateInstances in an hour', token.batchCreatesPerHour],
  ['open streams', token.openStreams],
  ['ListPrivacySettings at the same time', token.openLists],

  option('changes in an hour', 'sets_per_hour'),
  ['changes at once', atOnce('sets', 'sets_per_hour')],
  option('reads of WhatsApp in an hour', 'reads_per_hour'),
  ['reads of WhatsApp at once', atOnce('reads', 'reads_per_hour')],
  option('phone numbers looked up in an hour', 'lookups_per_hour'),
  option('attempts to link in an hour', 'links_per_hour'),
  ['calls that change it, waiting ones included', instance.changes],
  ['calls that read it, waiting ones included', instance.reads],

  option('pairing codes for one phone number in an hour', 'number_links_per_hour'),
  option('attempts of all instances in an hour', 'node_links_per_hour'),

  ['bad tokens in a minute', peer.failedTokensPerMinute],
  ['connections', peer.connectionsPerAddress],
  ['reflection questions in a minute', peer.questionsPerMinute],
  [
    'waste in a second: bytes that serve no accepted call, and for each such call 4 KiB, or 2 KiB with a good token',
    kib(peer.wastePerSecond),
  ],
  ['waste at once', kib(peer.wasteBurst)],
  ['how long they are refused', seconds(peer.refusedMs)],

  ['streams at the same time', SERVER_OPTIONS['grpc.max_concurrent_streams'] ?? 0],
  ['until HTTP/2 is spoken, the TLS handshake included', seconds(connection.handshakeMs)],
  ['from the headers of a call to the end of its message', seconds(connection.messageMs)],
  ['health watches', connection.watchesPerConnection],
  ['without a call', minutes(SERVER_OPTIONS['grpc.max_connection_idle_ms'])],
  ['age', minutes(SERVER_OPTIONS['grpc.max_connection_age_ms'])],

  ['connections', node.connections],
  ['health watches', node.watches],
  ['backups at the same time', node.backups],
  ['calls passed on to one other node at the same time, and as many streams', MOST_HOPS],
  option(
    'connections to PostgreSQL, besides one that keeps the database for this service',
    'database_connections',
  ),
  ['a statement in PostgreSQL', seconds(STATEMENT_MS)],
];
/** What the tests of these methods hold, each at its bounds. */
const ELSEWHERE = [
  '`assertion_json`',
  '`heartbeat_interval` of WatchPrivacySettings',
  '`grace_period` of RotateToken',
  'how long a `request_id` gets the first answer, and GetApplyResult tells the results',
];

test('docs/limits.md has every limit with the number that the code has', () => {
  const rows = read('docs/limits.md')
    .split('\n')
    .filter(line => /^\| (?!limit |---)/.test(line))
    .map(line => line.split(' | '))
    .map(([limit = '', number = '']) => [limit.replace(/^\| /, '').replaceAll("'", '’'), number]);
  const held = rows.filter(([limit = '']) => !ELSEWHERE.includes(limit));
  expect(held).toEqual(NUMBERS.map(([limit, number]) => [limit, String(number)]));
  expect(rows).toHaveLength(held.length + ELSEWHERE.length);
});

test('every number of src/limits.ts is in docs/limits.md', () => {
  const numbers = Object.values(LIMITS).flatMap(limits => Object.values(limits));
  expect(NUMBERS.length).toBeGreaterThan(numbers.length);
  const told = NUMBERS.map(([, number]) => String(number));
  const asTold = (n: number) => [String(n), seconds(n), kib(n)];
  const missing = numbers.filter(n => !asTold(n).some(text => told.includes(text)));
  expect(missing).toEqual([]);
});

test.each([
  ['privacy_service', `At most ${MOST_INSTANCES} different instances`],
  ['privacy_service', `at most ${MOST_CONTACTS}; one that is on the list already`],
  ['privacy_service', `at most ${MOST_CONTACTS} and none of those`],
  ['privacy_service', `0 means ${USUAL_PAGE}, more than ${LARGEST_PAGE} means ${LARGEST_PAGE}`],
  [
    'privacy_service',
    `${Number(OPTIONS.lookups_per_hour.default).toLocaleString('en')} numbers may be in an hour`,
  ],
  ['instance_service', `at most ${LONGEST_DISPLAY_NAME} characters`],
  ['instance_service', `At most ${MOST_LABELS}. A key`],
  ['instance_service', `at most ${MOST_LABELS} afterwards`],
  ['instance_service', `At most ${LONGEST_SELECTOR} characters and ${MOST_REQUIREMENTS} requirements`],
  ['instance_service', `1 to ${MOST_INSTANCES} instances`],
  ['instance_service', `${LIMITS.token.batchCreatesPerHour} calls in an hour`],
  ['instance_service', `at most ${LARGEST_CREDS.toLocaleString('en')} bytes`],
  ['instance_service', `by default ${OPTIONS.links_per_hour.default} in an hour`],
  ['instance_service', `of the server, ${OPTIONS.node_links_per_hour.default};`],
  ['instance_service', `of its phone number, ${OPTIONS.number_links_per_hour.default},`],
  ['token_service', `at most ${LONGEST_DISPLAY_NAME} characters`],
])('the contract says it too: %s: %s', (file, sentence) => {
  const text = read(`proto/whatsapp/privacy/v1/${file}.proto`).replaceAll(/\n *\/\/ ?/g, ' ');
  expect(text).toContain(sentence);
});
