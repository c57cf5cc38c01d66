import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { optionSpec } from '../../src/config/table.js';
import { LARGEST_MESSAGE } from '../../src/contract/sizes.js';
import { METHODS } from '../../src/grpc/method-table.js';
import { LIMITS } from '../../src/limits.js';

/** The comment of a service, without its line breaks. */
function commentOf(service: string, file: string): string {
  const proto = new URL(`../../proto/whatsapp/privacy/v1/${file}.proto`, import.meta.url);
  const [before = ''] = readFileSync(proto, 'utf8').split(`\nservice ${service} {`);
  return before.slice(before.lastIndexOf('\n\n')).replaceAll(/\n\/\/ ?/g, ' ');
}

test.each([
  ['PrivacyService', 'privacy_service'],
  ['InstanceService', 'instance_service'],
  ['TokenService', 'token_service'],
  ['NodeService', 'node_service'],
])('%s says the sizes, deadlines and rates that the code has', (service, file) => {
  const comment = commentOf(service, file);
  const methods = [...METHODS.values()].filter(({ fullName }) => fullName.includes(`.${service}/`));
  const usual = methods.filter(({ deadlines }) => deadlines.maximumMs === 120_000);
  expect(new Set(usual.map(({ deadlines }) => deadlines.defaultMs))).toEqual(new Set([30_000]));
  expect(comment).toContain(`at most ${LARGEST_MESSAGE / 1024} KiB`);
  expect(comment).toContain(
    'without a deadline ends after 30 seconds, and whatever its deadline after 2 minutes',
  );
  const longer = methods.filter(method => !usual.includes(method));
  for (const { name, deadlines } of longer)
    expect(comment).toMatch(new RegExp(`${name} after ${deadlines.maximumMs / 60_000}\\b`));
  const told = comment.match(/\b[A-Z]\w+ after \d+\b/g) ?? [];
  expect(told).toHaveLength(longer.length);
  expect(comment).toContain(`${optionSpec('rate_limit_per_minute').default} calls a minute`);
  expect(comment).toContain(`${LIMITS.token.openStreams} open streams`);
});
