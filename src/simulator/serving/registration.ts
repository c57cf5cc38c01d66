import { randomBytes } from 'node:crypto';
import type { proto } from '@whiskeysockets/baileys';
import { clock } from '../../domain/time/clock.js';
import type { IqPlan } from '../answers/iq-plan.js';
import { pairingCodePlan } from '../phone/pairing-code.js';
import {
  attr,
  type BinaryNode,
  child,
  isReply,
  node,
  refusal,
  result,
  SERVER,
  seconds,
} from '../wire/stanza.js';
import { isSignedPreKeyValid, type KeyBundle } from '../world/key-bundle.js';
import type { ClientConnection, RegisteringConnection, StanzaHandler, World } from '../world/world.js';
import { answerIq } from './answer-iq.js';

/** How many refs a client gets to make QRs of. */
const REFS = 6;
/** How long a ref is good: the first QR is shown for 60 s, each later one for 20 s, and one may be late by one. */
const refLifeMs = (index: number): number => (60 + 20 * index + 20) * 1000;

/** Serves a client without credentials: refs for its QRs, and the retirement of its secret. */
export function register(
  world: World,
  connection: ClientConnection,
  data: proto.ClientPayload.IDevicePairingRegistrationData,
): StanzaHandler {
  const keys = keysOf(data);
  if (!keys) {
    connection.fail({ reason: 400 });
    return { receive: () => undefined, closed: () => undefined };
  }
  const refs = new Map(Array.from({ length: REFS }, (_, index) => [newRef(), index]));
  const started = clock();
  const seen = new Set<string>();
  const retired = new Set<string>();
  const awaitedAcks = new Set<string>();
  let refreshes = 0;

  const registering: RegisteringConnection = {
    connection,
    keys,
    used: false,
    codeRequest: undefined,
    passkey: undefined,
    refState(ref) {
      const index = refs.get(ref);
      if (index === undefined) return 'unknown';
      return clock() - started > refLifeMs(index) ? 'expired' : 'good';
    },
    accepts(advSecret) {
      if (awaitedAcks.size && world.behaviour.refreshAck === 'awaited') return false;
      seen.add(advSecret);
      if (world.behaviour.refresh === 'on_first_scan' && refreshes === 0) {
        registering.refresh(world.behaviour.refreshChild);
      }
      return !retired.has(advSecret);
    },
    refresh(child) {
      refreshes++;
      for (const secret of seen) retired.add(secret);
      const id = world.nextId();
      awaitedAcks.add(id);
      const attrs = { from: SERVER, id, type: 'companion_reg_refresh', t: seconds() };
      connection.send(node('notification', attrs, [node(child)]));
    },
  };
  world.registering.add(registering);

  const refNodes = [...refs.keys()].map(ref => node('ref', {}, Buffer.from(ref)));
  const pairDevice = { from: SERVER, type: 'set', id: world.nextId(), xmlns: 'md' };
  void connection.ask(node('iq', pairDevice, [node('pair-device', {}, refNodes)])).then(answer => {
    if (answer && world.behaviour.refresh === 'on_connect') registering.refresh(world.behaviour.refreshChild);
  });

  return {
    receive(stanza) {
      if (stanza.tag === 'ack') awaitedAcks.delete(attr(stanza, 'id') ?? '');
      if (stanza.tag === 'iq' && !isReply(stanza)) {
        void answerIq(connection, world, stanza, () => planFor(world, registering, stanza));
      }
    },
    closed() {
      world.registering.delete(registering);
      registering.codeRequest?.finish(undefined);
      registering.passkey?.close();
    },
  };
}

/** Before it is linked a client may only ping, ask for a pairing code and answer a request for a passkey. */
function planFor(world: World, registering: RegisteringConnection, iq: BinaryNode): IqPlan {
  const codeStage = child(iq, 'link_code_companion_reg');
  if (attr(iq, 'xmlns') === 'md' && codeStage) return pairingCodePlan(world, registering, iq, codeStage);
  if (attr(iq, 'xmlns') === 'md' && registering.passkey) return registering.passkey.plan(iq);
  return { reply: () => (attr(iq, 'xmlns') === 'w:p' ? result(iq) : refusal(iq, 401)) };
}

const newRef = (): string => `2@${randomBytes(96).toString('base64')}`;

/** The keys of the registration; undefined when one is missing or the pre-key is not signed. */
function keysOf(data: proto.ClientPayload.IDevicePairingRegistrationData): KeyBundle | undefined {
  const bytes = (value: Uint8Array | null | undefined) => Buffer.from(value ?? []);
  const identityKey = bytes(data.eIdent);
  const signedPreKey = {
    id: bytes(data.eSkeyId),
    key: bytes(data.eSkeyVal),
    signature: bytes(data.eSkeySig),
  };
  if (!isSignedPreKeyValid(identityKey, signedPreKey)) return undefined;
  return { registrationId: bytes(data.eRegid), identityKey, signedPreKey, preKeys: new Map() };
}
