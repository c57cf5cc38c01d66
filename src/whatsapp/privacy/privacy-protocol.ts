import type { BinaryNode } from '@whiskeysockets/baileys';
import {
  isReportedValueOf,
  type Setting,
  settingOfCategory,
  specOf,
} from '../../domain/settings/settings-table.js';
import type { ReportedCategory, Snapshot, UnreadableCategory } from '../../domain/settings/snapshot.js';
import type { ReadReply, SetReply } from '../../instances/ports/ports.js';
import { childrenOf, errorIn, iqStanza, type NodeError } from '../connection/nodes.js';
import { contentOf, failed, NO_DETAILS, UNCLEAR } from './iq-results.js';

/*
 * As WhatsApp Web sends and checks it (WAWebQueryPrivacySettingsJob, WAWebSetPrivacyJob; read in November 2026):
 *
 * read    <iq to="s.whatsapp.net" type="get" xmlns="privacy"><privacy/></iq>
 * reply   <iq type="result"><privacy><category name="last" value="contacts"/>…</privacy></iq>
 *         one that cannot be read: <category name="last" value="error"><error code="500" text="…"/></category>
 *
 * set     <iq to="s.whatsapp.net" type="set" xmlns="privacy"><privacy><category name="last" value="none"/></privacy></iq>
 * reply   <iq type="result"><privacy><category name="last" value="none"/></privacy></iq>
 *         refused within a result: <category name="last" value="error"><error code="409" text="conflict"/></category>
 *
 * either  <iq type="error"><error code="400" text="bad-request"/></iq>
 */

/** Asks for all settings. The id is given when it is sent. */
export const readStanza = (): BinaryNode => iqStanza('get', 'privacy', { tag: 'privacy', attrs: {} });

/** Changes one setting; one category in each stanza, as every client sends it. */
export const setStanza = (category: string, value: string): BinaryNode =>
  iqStanza('set', 'privacy', {
    tag: 'privacy',
    attrs: {},
    content: [{ tag: 'category', attrs: { name: category, value } }],
  });

/**
 * The category of a setting that can be set in this namespace; undefined for what only the phone changes and for
 * the disappearing timer, which has a namespace of its own (`disappearing-mode.ts`).
 */
export const settableCategory = (setting: Setting): string | undefined =>
  setting === 'default_disappearing_timer' || specOf(setting).access === 'read_only'
    ? undefined
    : specOf(setting).category;

/** Judges the answer to a set: confirmed only by exactly this category with exactly this value, and nothing else. */
export function parseSetReply(reply: BinaryNode, category: string, value: string): SetReply {
  const answer = contentOf(reply, 'privacy');
  if (!answer.content) return answer.failure;

  const [outcome, ...more] = childrenOf(answer.content, 'category');
  if (!outcome || more.length > 0 || outcome.attrs['name'] !== category) return UNCLEAR;
  const error = errorIn(outcome);
  if (outcome.attrs['value'] === 'error') return failed(error ?? NO_DETAILS);
  return outcome.attrs['value'] === value && !error ? { kind: 'confirmed' } : UNCLEAR;
}

/** Judges the answer to a read; `now` is when it came. */
export function parseReadReply(reply: BinaryNode, now: Date): ReadReply {
  const answer = contentOf(reply, 'privacy');
  if (!answer.content) return answer.failure;

  const categories = childrenOf(answer.content, 'category').filter(({ attrs }) => attrs['name']);
  // Every account has settings: none at all is no answer to the question.
  if (categories.length === 0) return UNCLEAR;
  return { kind: 'read', snapshot: snapshotOf(categories, now) };
}

function snapshotOf(categories: readonly BinaryNode[], observedAt: Date): Snapshot {
  const values: Partial<Record<Setting, string>> = {};
  const others: ReportedCategory[] = [];
  const reported: ReportedCategory[] = [];
  const unreadable: UnreadableCategory[] = [];
  for (const [category, nodes] of Map.groupBy(categories, ({ attrs }) => attrs['name'] ?? '')) {
    const fact = factOf(nodes);
    const setting = settingOfCategory(category);
    if (typeof fact !== 'string') {
      unreadable.push({ category, code: fact.code ?? 0, text: fact.text });
      continue;
    }
    const one = { category, value: fact };
    reported.push(one);
    if (setting && isReportedValueOf(setting, fact)) values[setting] = fact;
    else others.push(one);
  }
  // `isReportedValueOf` has checked each value against its own setting, which a record of unions cannot express.
  return { values: values as Snapshot['values'], others, unreadable, categories: reported, observedAt };
}

/** The value of a category. One that came twice with different values has none: choosing would be guessing. */
function factOf(nodes: readonly BinaryNode[]): string | NodeError {
  const node = nodes[0];
  const value = node?.attrs['value'];
  if (!node || !value) return NO_DETAILS;
  if (value === 'error') return errorIn(node) ?? NO_DETAILS;
  if (nodes.some(({ attrs }) => attrs['value'] !== value)) return { code: undefined, text: 'contradictory' };
  return value;
}
