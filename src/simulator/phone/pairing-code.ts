import { randomBytes } from 'node:crypto';
import { clock } from '../../domain/time/clock.js';
import type { IqPlan } from '../answers/iq-plan.js';
import {
  attr,
  type BinaryNode,
  bytesOf,
  child,
  node,
  refusal,
  result,
  SERVER,
  seconds,
  userOf,
} from '../wire/stanza.js';
import type { Account, CodeRequest, RegisteringConnection, World } from '../world/world.js';

/*
 * Linking with a code has three steps, all `link_code_companion_reg` (whatsmeow `pair-code.go`, Baileys):
 * companion_hello (IQ from the client), primary_hello (notification to it), companion_finish (IQ from it).
 */

/** What `companion_platform_display` may say: `Chrome (Windows)` passed live, `Chrome (Acme)` got 400 (Baileys PR 2769). */
const DISPLAY =
  /^(Chrome|Firefox|Edge|Safari|Opera|IE|Desktop|Android) \((Windows|Mac OS|Linux|Ubuntu|Android|Chrome OS)\)$/;

/** Answers the two IQs of a client that links with a code. */
export function pairingCodePlan(
  world: World,
  registering: RegisteringConnection,
  iq: BinaryNode,
  stage: BinaryNode,
): IqPlan {
  switch (attr(stage, 'stage')) {
    case 'companion_hello':
      return companionHello(world, registering, iq, stage);
    case 'companion_finish': {
      const request = registering.codeRequest;
      if (!request?.ref.equals(bytesOf(child(stage, 'link_code_pairing_ref')))) {
        return { reply: () => refusal(iq, 404) };
      }
      return { reply: () => result(iq), after: () => request.finish(stage) };
    }
    default:
      return { reply: () => refusal(iq, 400) };
  }
}

function companionHello(
  world: World,
  registering: RegisteringConnection,
  iq: BinaryNode,
  stage: BinaryNode,
): IqPlan {
  const part = (tag: string) => bytesOf(child(stage, tag));
  const wrappedKey = part('link_code_pairing_wrapped_companion_ephemeral_pub');
  const phoneNumber = userOf(attr(stage, 'jid'));
  const display = part('companion_platform_display').toString();
  const { platformDisplay } = world.behaviour;
  const isDisplayGood = platformDisplay === 'any' || (platformDisplay === 'checked' && DISPLAY.test(display));
  const isWhole =
    wrappedKey.length === 80 &&
    part('companion_platform_id').length > 0 &&
    part('companion_server_auth_key_pub').equals(registering.connection.noiseKey);
  if (!isWhole || !isDisplayGood) return { reply: () => refusal(iq, 400) };
  if (!world.accounts.has(phoneNumber)) return { reply: () => refusal(iq, 404) };

  const ref = Buffer.from(`2@${randomBytes(24).toString('base64')}`);
  return {
    apply() {
      const finish = () => undefined;
      registering.codeRequest = { phoneNumber, ref, started: clock(), wrappedKey, hellos: 0, finish };
    },
    reply: () => {
      const refNode = node('link_code_pairing_ref', {}, ref);
      return result(iq, [node('link_code_companion_reg', { stage: 'companion_hello' }, [refNode])]);
    },
  };
}

/** Sends the client the next step of linking with a code. */
export function sendStage(
  world: World,
  { connection }: RegisteringConnection,
  stageAttrs: Record<string, string>,
  parts: BinaryNode[],
): void {
  const attrs = { from: SERVER, id: world.nextId(), type: 'link_code_companion_reg', t: seconds() };
  connection.send(node('notification', attrs, [node('link_code_companion_reg', stageAttrs, parts)]));
}

/** The client that asked last for a code for this account. */
export function codeRequestOf(
  world: World,
  account: Account,
): { registering: RegisteringConnection; request: CodeRequest } | undefined {
  return [...world.registering]
    .flatMap(registering =>
      registering.codeRequest?.phoneNumber === account.phoneNumber
        ? [{ registering, request: registering.codeRequest }]
        : [],
    )
    .sort((a, b) => b.request.started - a.request.started)[0];
}

/** Tells the client to show a new code; false when none waits. */
export function refreshCode(world: World, account: Account): boolean {
  const found = codeRequestOf(world, account);
  if (!found) return false;
  sendStage(world, found.registering, { stage: 'refresh_code', force_manual_refresh: 'true' }, [
    node('link_code_pairing_ref', {}, found.request.ref),
  ]);
  return true;
}
