import { wallMs } from '../../domain/time/wall-time.js';
import { applySettings } from '../answers/apply-settings.js';
import { exceptContacts } from '../answers/contact-lists.js';
import type { IqPlan } from '../answers/iq-plan.js';
import { attr, type BinaryNode, children, node, refusal, SERVER } from '../wire/stanza.js';
import type { Effect, Moment } from '../world/faults.js';
import { isPrivacy } from '../world/journal.js';
import { categoriesOf, isListRead } from '../world/stanza-log.js';
import type { ClientConnection, World } from '../world/world.js';
import { falseReply } from './false-replies.js';
import { inject } from './inject.js';

/**
 * Answers one IQ, or does what the fault that is due says.
 *
 * @param planned Judges the IQ: asked when it is handled, which a fault may put off.
 */
export async function answerIq(
  connection: ClientConnection,
  world: World,
  iq: BinaryNode,
  planned: () => IqPlan,
): Promise<void> {
  const { behaviour, faults, journal } = world;
  const account = isPrivacy(iq) ? connection.owner?.account.phoneNumber : undefined;
  if (account) journal.note(account, { event: 'asked', connection: connection.id, iq });
  const effect = faults.take({
    stage: 'iq',
    xmlns: attr(iq, 'xmlns'),
    type: attr(iq, 'type'),
    child: children(iq)[0]?.tag,
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

  const answerWith = (reply: BinaryNode) => {
    if (account && connection.isOpen())
      journal.note(account, { event: 'answered', connection: connection.id, reply });
    connection.send(reply);
  };
  if (effect?.do === 'late' && effect.code !== undefined) answerWith(refusal(iq, effect.code));
  const before = goesOn('before_apply');
  if (!(before === true || (await before))) return;
  if (before !== true && !connection.isOpen() && behaviour.cutOff === 'dropped') return;
  const answer = answerUnder(effect, iq);
  const plan = planned();
  if (answer.applied) plan.apply?.();
  if (effect?.do === 'late') return;
  const reply = answer.reply(plan.reply());
  const between = goesOn('after_apply');
  if (!(between === true || (await between))) return;
  if (effect?.do === 'two_in_one') {
    connection.joinNext(2);
    connection.send(serverPing());
  }
  answerWith(reply);
  if (answer.applied) plan.after?.();
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

/** What becomes of an IQ under a fault: whether it takes effect, and the reply made of the honest one. */
function answerUnder(effect: Effect | undefined, iq: BinaryNode): Answer {
  switch (effect?.do) {
    case 'refuse':
      return {
        applied: effect.applied ?? false,
        reply: () =>
          effect.code === undefined
            ? { ...refusal(iq, 0), content: [] }
            : refusal(iq, effect.code, effect.text),
      };
    case 'refuse_category':
      return { applied: effect.applied ?? false, reply: honest => falseReply(honest, effect) };
    case 'lie':
      return {
        applied: effect.applied ?? effect.lie !== 'confirm',
        reply: honest => falseReply(honest, effect),
      };
    case 'reply':
      return {
        applied: effect.applied ?? true,
        reply: () => ({ ...effect.stanza, attrs: { ...effect.stanza.attrs, id: attr(iq, 'id') ?? '' } }),
      };
    case undefined:
    case 'silence':
    case 'close':
    case 'reset':
    case 'half_open':
    case 'undecodable':
    case 'undecryptable':
    case 'bomb':
    case 'overlong':
    case 'phone':
    case 'delay':
    case 'late':
    case 'stream_error':
    case 'send':
    case 'failure':
    case 'http':
    case 'two_in_one':
      return { applied: true, reply: honest => honest };
  }
}

type Answer = { readonly applied: boolean; readonly reply: (honest: BinaryNode) => BinaryNode };

const serverPing = (): BinaryNode =>
  node('iq', { from: SERVER, type: 'get', xmlns: 'urn:xmpp:ping', id: `ping-${wallMs()}` });
