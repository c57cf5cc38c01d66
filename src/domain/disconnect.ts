/** Why a connection ended or could not be made. */
export type Disconnect = {
  /** WhatsApp's or Baileys' code; undefined for a cause of our own, which is then in `text`. */
  readonly code: number | undefined;
  /** In words, for people; without anything secret. */
  readonly text: string;
  /** Whether it came of something that WhatsApp, or who claims to be it, sent and that proves nothing. */
  readonly isUnclear?: true;
  /** When WhatsApp said the refusal ends (402). */
  readonly until?: Date;
  /** What it is that was refused or failed, when that is not the instance. */
  readonly culprit?: Culprit;
};

/** What other instances have in common with the one that was disconnected. */
export type Culprit =
  /** The version that was announced, and how old it was. */
  | { readonly kind: 'client_version'; readonly version: string; readonly ageDays: number }
  /** How this client presents itself otherwise. */
  | { readonly kind: 'user_agent' }
  /** The proxy on the way to WhatsApp. */
  | { readonly kind: 'proxy' };

/** What the service does after a disconnect. Nothing here deletes credentials. */
export type Reaction =
  /** Connect at once: WhatsApp asked for it. */
  | 'restart'
  /** Connect again after a growing delay. */
  | 'back_off'
  /** The link is over; only a new link helps. */
  | 'logged_out'
  /** WhatsApp refuses the account; a person must look, or the time in `until` pass. */
  | 'suspended'
  /** Another socket uses these credentials; never fought over. */
  | 'conflict';

/** How long a disconnect keeps every instance of the node from dialling. */
export type NodeHold =
  /** Until WhatsApp accepts this client again, which one instance tries now and then. */
  | 'until_accepted'
  /** For a growing delay. */
  | 'for_a_while';

/** What is known of a code; `text` is shown as the instance's state reason. */
type Row = { readonly reaction: Reaction; readonly text: string; readonly holdsNode?: 'for_a_while' };

/** The codes that need more than a back-off of the one instance. */
export const DISCONNECTS: Readonly<Record<number, Row>> = {
  401: { reaction: 'logged_out', text: 'The device was unlinked' },
  402: { reaction: 'suspended', text: 'WhatsApp banned the account for a time' },
  403: { reaction: 'suspended', text: 'WhatsApp refuses the account' },
  405: { reaction: 'back_off', text: 'WhatsApp says that this client is outdated' },
  406: { reaction: 'suspended', text: 'WhatsApp banned the account' },
  /** At the end of a stream; at a login it is about the client. */
  409: { reaction: 'back_off', text: 'WhatsApp refuses the connection as conflicting' },
  411: { reaction: 'logged_out', text: 'The account does not use linked devices' },
  429: {
    reaction: 'back_off',
    text: 'WhatsApp limits how often this service connects',
    holdsNode: 'for_a_while',
  },
  440: { reaction: 'conflict', text: 'The credentials are in use elsewhere' },
  515: { reaction: 'restart', text: 'WhatsApp asked for a restart' },
  516: { reaction: 'logged_out', text: 'The device was removed' },
};

const rowOf = ({ code }: Disconnect): Row | undefined => (code === undefined ? undefined : DISCONNECTS[code]);

/** What to do after a disconnect; an unknown code backs off. */
export const reactionTo = (disconnect: Disconnect): Reaction => rowOf(disconnect)?.reaction ?? 'back_off';

/** What an end means to the caller whose request it was of, be it an answer or the end of the stream. */
export type RefusalKind =
  /** Too often: the same request may succeed later. */
  | 'WHATSAPP_RATE_LIMITED'
  /** WhatsApp said no, and will say so again. */
  | 'WHATSAPP_REJECTED'
  /** Silence. */
  | 'WHATSAPP_TIMEOUT'
  /** There was no connection, or it ended before the answer. */
  | 'CONNECTION_LOST'
  /** An answer that proves nothing, or a fault of WhatsApp's own. */
  | 'WHATSAPP_UNCLEAR';

/** Baileys' codes for a connection that was silent, and for one that was closed: WhatsApp refused nothing. */
const SILENT = 408;
const CLOSED = 428;

export function refusalKindOf({ code, isUnclear }: Pick<Disconnect, 'code' | 'isUnclear'>): RefusalKind {
  if (isUnclear) return 'WHATSAPP_UNCLEAR';
  if (code === SILENT) return 'WHATSAPP_TIMEOUT';
  if (code === 429) return 'WHATSAPP_RATE_LIMITED';
  const reaction = code === undefined ? undefined : DISCONNECTS[code]?.reaction;
  if (code === undefined || code === CLOSED || reaction === 'restart') return 'CONNECTION_LOST';
  const isNo = (code >= 400 && code < 500) || reaction === 'logged_out';
  return isNo ? 'WHATSAPP_REJECTED' : 'WHATSAPP_UNCLEAR';
}

/** Whether a disconnect concerns every instance of the node. */
export function holdOf(disconnect: Disconnect): NodeHold | undefined {
  const { culprit } = disconnect;
  const refusesClient = culprit && culprit.kind !== 'proxy';
  return refusesClient ? 'until_accepted' : rowOf(disconnect)?.holdsNode;
}
