import type { PasskeyWait } from '../../domain/errors.js';

/** What WhatsApp wants of the person who has the passkey of the account that is being linked. */
export type PasskeyRequest = {
  readonly kind: 'request';
  /** WebAuthn's request options as WhatsApp sent them. */
  readonly optionsJson: string;
  /** Of the page that may ask for the passkey. */
  readonly origin: string;
  readonly expiresAt: Date;
  /** Takes the assertion, once. */
  readonly answer: (assertionJson: string) => PasskeyVerdict;
};

/** What the phone shows too, unless the link was to be made by another phone. */
export type ConfirmationCode = {
  readonly kind: 'code';
  /** 8 characters. */
  readonly code: string;
  /** Until when it has to be confirmed; undefined when it need not be. */
  readonly confirmBy: Date | undefined;
  /** Takes the code that was compared, once. */
  readonly confirm: (code: string) => PasskeyVerdict;
};

/** A step of linking with a passkey, in place of the one before. */
export type PasskeyStep = PasskeyRequest | ConfirmationCode;

/** What becomes of an answer to a step. */
export type PasskeyVerdict =
  | { readonly kind: 'taken' }
  /** Nothing is waited for, or something else. */
  | { readonly kind: 'not_awaited' }
  /** It belongs to another request. */
  | { readonly kind: 'mismatch' }
  /** It is not what was asked for: `why` completes "the assertion …". */
  | { readonly kind: 'wrong'; readonly why: string };

/** How the caller takes part in linking with a passkey. */
export type PasskeyCaller = PasskeyWishes & {
  /** Told of every step, in place of the code on show and of the step before. */
  readonly onStep: (step: PasskeyStep) => void;
};

export type PasskeyWishes = {
  /** Whether the codes are to be compared in any case. */
  readonly compareCode: boolean;
};

/** How an attempt ended that waited for a person's part with the passkey, or for the phone's. */
export type PasskeyEnd = { readonly passkeyWait?: PasskeyWait | undefined };
