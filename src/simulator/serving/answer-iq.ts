import { applySettings } from '../answers/apply-settings.js';
import { exceptContacts } from '../answers/contact-lists.js';
import type { IqPlan } from '../answers/iq-plan.js';
import { attr, type BinaryNode, node, refusal, SERVER } from '../wire/stanza.js';
import type { Effect, Moment } from '../world/faults.js';
import { isPrivacy } from '../world/journal.js';
import { categoriesOf, isListRead } from '../world/stanza-log.js';
import type { ClientConnection, World } from '../world/world.js';
import { falseReply } from './false-replies.js';
import { inject } from './inject.js';

/** Answers one IQ as planned, or as the fault that is due says. */
export async function answerIq(
  connection: ClientConnection,
  world: World,
  iq: BinaryNode,
  plan: IqPlan,
): Promise<void> {
  const { faults, journal } = world;
  const account = isPrivacy(iq) ? connection.owner?.account.phoneNumber : undefined;
  if (account) journal.note(account, { event: 'asked', connection: connection.id, iq });
  const effect = faults.take({
    stage: 'iq',
    xmlns: attr(iq, 'xmlns'),
    type: attr(iq, 'type'),
    categories: categoriesOf(iq),
    isListRead: isListRead(iq),
    phoneNumber: connection.owner?.account.phoneNumber,
  });
  // Awaited only where it must wait, so that without faults answers leave in the order of the questions.
  const goesOn = (moment: Moment) => {
    if (effect?.do === 'phone' && (effect.moment ?? 'before_apply') === moment)
      usePhone(world, connection, effect);
    return effect === undefined || inject(connection, effect, moment);
  };

  const before = goesOn('before_apply');
  if (!(before === true || (await before))) return;
  const applied = takesEffect(effect);
  if (applied) plan.apply?.();
  const reply = answer(iq, plan.reply(), effect);
  const between = goesOn('after_apply');
  if (!(between === true || (await between))) return;
  if (effect?.do === 'two_in_one') {
    connection.joinNext(2);
    connection.send(serverPing());
  }
  if (account && connection.isOpen())
    journal.note(account, { event: 'answered', connection: connection.id, reply });
  connection.send(reply);
  if (applied) plan.after?.();
  await goesOn('after_reply');
}

function usePhone(
  world: World,
  { owner }: ClientConnection,
  { settings = {}, contacts = {} }: Extract<Effect, { do: 'phone' }>,
): void {
  if (!owner) return;
  const changes = Object.entries(settings).map(([category, value]) => ({ category, value }));
  applySettings(world, owner.account, changes, 0);
  for (const [category, numbers] of Object.entries(contacts))
    exceptContacts(world, owner.account, category, numbers);
}

function takesEffect(effect: Effect | undefined): boolean {
  switch (effect?.do) {
    case 'refuse':
    case 'refuse_category':
      return effect.applied ?? false;
    case 'lie':
      return effect.applied ?? effect.lie !== 'confirm';
    case 'reply':
      return effect.applied ?? true;
    default:
      return true;
  }
}

function answer(iq: BinaryNode, honest: BinaryNode, effect: Effect | undefined): BinaryNode {
  switch (effect?.do) {
    case 'refuse':
      return effect.code === undefined
        ? { ...refusal(iq, 0), content: [] }
        : refusal(iq, effect.code, effect.text);
    case 'refuse_category':
    case 'lie':
      return falseReply(honest, effect);
    case 'reply':
      return { ...effect.stanza, attrs: { ...effect.stanza.attrs, id: attr(iq, 'id') ?? '' } };
    default:
      return honest;
  }
}

const serverPing = (): BinaryNode =>
  node('iq', { from: SERVER, type: 'get', xmlns: 'urn:xmpp:ping', id: `ping-${Date.now()}` });
