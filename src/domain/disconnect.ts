/** Why a connection ended or could not be made. */
export type Disconnect = {
  /** WhatsApp's or Baileys' code; undefined for a cause of our own, which is then in `text`. */
  readonly code: number | undefined;
  /** In words, for people; without anything secret. */
  readonly text: string;
  /** When WhatsApp said the refusal ends (402). */
  readonly until?: Date;
};

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

/** The codes that need more than a back-off, with the words shown as the instance's state reason. */
export const DISCONNECTS: Readonly<Record<number, { reaction: Reaction; text: string }>> = {
  401: { reaction: 'logged_out', text: 'The device was unlinked' },
  402: { reaction: 'suspended', text: 'WhatsApp banned the account for a time' },
  403: { reaction: 'suspended', text: 'WhatsApp refuses the account' },
  405: { reaction: 'back_off', text: 'WhatsApp says that this client is outdated' },
  406: { reaction: 'suspended', text: 'WhatsApp banned the account' },
  409: { reaction: 'back_off', text: 'WhatsApp refuses the connection as conflicting' },
  411: { reaction: 'logged_out', text: 'The account does not use linked devices' },
  440: { reaction: 'conflict', text: 'The credentials are in use elsewhere' },
  515: { reaction: 'restart', text: 'WhatsApp asked for a restart' },
  516: { reaction: 'logged_out', text: 'The device was removed' },
};

/** What to do after a disconnect; an unknown code backs off. */
export const reactionTo = ({ code }: Disconnect): Reaction =>
  (code === undefined ? undefined : DISCONNECTS[code]?.reaction) ?? 'back_off';
