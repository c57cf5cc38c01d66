import { attr, type BinaryNode, child, children, errorNode, node, refusal, result } from '../wire/stanza.js';
import type { Behaviour } from '../world/behaviour.js';
import type { Account } from '../world/world.js';
import { applySettings } from './apply-settings.js';
import { bringsList, emptyLists, listReadPlan, listWritePlan, plainStamp } from './contact-lists.js';
import type { DeviceIq, IqPlan } from './iq-plan.js';
import { isAccepted, isLockedByDefense } from './privacy-categories.js';

/*
 * get:   <iq type="get" xmlns="privacy"><privacy/></iq>
 *        <iq type="result"><privacy><category name="last" value="all"/>…</privacy></iq>
 * set:   <iq type="set" xmlns="privacy"><privacy><category name="last" value="none"/></privacy></iq>
 *        <iq type="result"><privacy><category name="last" value="none"/></privacy></iq>
 * refused: <category name="last" value="error"><error code="409" text="conflict"/></category> in a result,
 *        or <iq type="error"><error code="400" text="bad-request"/></iq>
 * push:  <notification type="account_sync" from id t><privacy><category name value/></privacy></notification>
 */

/** Answers a read or a change of the privacy settings. */
export function privacyPlan(question: DeviceIq): IqPlan {
  const { world, account, device, iq } = question;
  const privacy = child(iq, 'privacy');
  const categories = children(privacy, 'category');
  if (attr(iq, 'type') === 'get') {
    if (!privacy) return { reply: () => refusal(iq, 501) };
    if (children(privacy).length > 0) return listReadPlan(question);
    return { reply: () => result(iq, [settingsNode(account)]) };
  }
  const verdicts = categories.map(category => ({
    category,
    code: verdict(account, category, world.behaviour),
  }));
  const isWhole = categories.length > 0 && categories.length === children(privacy).length;
  if (categories.some(bringsList)) {
    if (!isWhole || verdicts.length > 1) return { reply: () => refusal(iq, 400) };
    return listWritePlan(question, verdicts[0]?.code);
  }
  const envelope = isWhole ? envelopeCode(verdicts, world.behaviour) : 400;
  if (envelope) return { reply: () => refusal(iq, envelope) };

  const good = verdicts.filter(({ code }) => code === undefined).map(({ category }) => category.attrs);
  return {
    apply() {
      const changes = good.map(({ name = '', value = '' }) => ({ category: name, value }));
      if (world.behaviour.plainList === 'emptied') emptyLists(account, changes);
      applySettings(world, account, changes, device.id);
    },
    reply: () =>
      result(iq, [
        node(
          'privacy',
          {},
          verdicts.map(({ category, code }) => {
            const { name, value } = category.attrs;
            return code === undefined
              ? node('category', { name, value, dhash: plainStamp(world, account, category.attrs) })
              : node('category', { name, value: 'error' }, [errorNode(code)]);
          }),
        ),
      ]),
  };
}

const settingsNode = ({ settings }: Account): BinaryNode =>
  node(
    'privacy',
    {},
    [...settings].map(([name, value]) => node('category', { name, value })),
  );

/** Why a category cannot be set as asked; undefined when it can. */
function verdict(account: Account, { attrs }: BinaryNode, behaviour: Behaviour): number | undefined {
  const { name = '', value = '' } = attrs;
  if (!isAccepted(name, value)) return name === 'defense' ? 403 : 400;
  if (!account.settings.has(name) && behaviour.unreportedSet === 'refuse_category') return 400;
  const isLocked = isLockedByDefense(name) && ![undefined, 'off'].includes(account.settings.get('defense'));
  return isLocked && behaviour.lockedSet !== 'apply' ? 403 : undefined;
}

/** The code when the IQ as a whole is refused. */
function envelopeCode(
  verdicts: readonly { code: number | undefined }[],
  { severalCategories, invalidSet, lockedSet }: Behaviour,
): number | undefined {
  if (verdicts.length > 1 && severalCategories === 'refuse') return 400;
  return verdicts
    .map(({ code }) => code)
    .find(code => (code === 400 && invalidSet === 'refuse') || (code === 403 && lockedSet === 'refuse'));
}
