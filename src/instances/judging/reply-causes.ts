import type { Problem, Reason } from '../../domain/errors.js';
import type { Cause, OutcomeReason } from '../../domain/outcome.js';
import type { Change } from '../../domain/settings/waves.js';
import type { NoAnswer, Refused, SetReply } from '../ports/ports.js';

/** What a reply other than a confirmation means for its change. */
export function causeOf(reply: Exclude<SetReply, { kind: 'confirmed' }>, change: Change): Cause {
  switch (reply.kind) {
    case 'not_sent':
      return reply.refusal
        ? refusedBy(reply.refusal, LOOK_UP)
        : { reason: 'INSTANCE_NOT_CONNECTED', message: 'the connection to WhatsApp had ended' };
    case 'refused':
      return refusedBy(reply, { what: 'the change', reason: refusalReason(reply.code, change) });
    case 'no_answer':
      return {
        ...NO_ANSWER[reply.cause],
        ...(reply.code === undefined ? {} : { whatsappCode: reply.code }),
      };
  }
}

/** What an account's list needs to know of its contacts. */
const LOOK_UP = { what: 'to tell whose the numbers are', reason: 'WHATSAPP_REJECTED' } as const;

const refusedBy = (
  { code, text }: Refused,
  { what, reason }: { readonly what: string; readonly reason: Cause['reason'] },
): Cause => ({
  reason: code === 429 ? 'WHATSAPP_RATE_LIMITED' : reason,
  message: `WhatsApp refused ${what} (${`${code} ${text}`.trim()})`,
  whatsappCode: code,
  whatsappText: text,
});

/** What it means that nothing came which proves an effect or its absence. */
export const NO_ANSWER = {
  timeout: { reason: 'WHATSAPP_TIMEOUT', message: 'WhatsApp did not answer in time' },
  closed: { reason: 'CONNECTION_LOST', message: 'the connection ended before WhatsApp answered' },
  fault: { reason: 'WHATSAPP_UNCLEAR', message: 'WhatsApp reported a fault of its own' },
  unclear: { reason: 'WHATSAPP_UNCLEAR', message: 'WhatsApp answered with something that proves nothing' },
} as const satisfies Readonly<Record<NoAnswer['cause'], Cause>>;

/** Whether the connection ended while this reply was awaited. */
export const isCutOff = (reply: { readonly kind: string; readonly cause?: NoAnswer['cause'] }): boolean =>
  reply.kind === 'no_answer' && reply.cause === 'closed';

/** Whether the reply has not come yet, on a connection that goes on. */
export const mayComeLate = (reply: SetReply): boolean =>
  reply.kind === 'no_answer' && reply.cause === 'timeout';

/** 409 is a stale list stamp, so it means a conflict only where there is a list. */
function refusalReason(code: number, { to }: Change): Cause['reason'] {
  return code === 409 && to === 'contact_blacklist' ? 'BLACKLIST_CONFLICT' : 'WHATSAPP_REJECTED';
}

/** Why nothing more was sent. */
export const OUT_OF_TIME: Cause = {
  reason: 'DEADLINE_TOO_SHORT',
  message: 'the deadline left no time for it',
};
export const CALLER_GONE: Cause = {
  reason: 'DEADLINE_TOO_SHORT',
  message: 'the caller had gone or its token had ended',
};

/** A problem that is a reason for outcomes too. */
export type OutcomeProblem = Problem & { readonly kind: OutcomeReason };

export const isOutcomeProblem = (problem: Problem): problem is OutcomeProblem => problem.kind in IN_WORDS;

/** Why a setting was not attempted, or cannot be followed. */
const IN_WORDS: Record<OutcomeReason, string> = {
  INSTANCE_NOT_LINKED: 'no account is linked',
  INSTANCE_LOGGED_OUT: 'the account was logged out',
  INSTANCE_SUSPENDED: 'WhatsApp refuses the account for now',
  INSTANCE_NOT_CONNECTED: 'the instance is not connected to WhatsApp',
  SETTING_NOT_AVAILABLE: 'the account does not report this setting',
  SETTING_LOCKED: 'Strict Account Settings lock this setting; end them on the phone',
  ETAG_MISMATCH: 'the etag is stale',
  BLACKLIST_CONFLICT: 'another device changed the list',
  RATE_LIMITED: 'a limit of this service is reached',
  WHATSAPP_REJECTED: 'WhatsApp refused to tell the settings',
  WHATSAPP_RATE_LIMITED: 'WhatsApp limits the requests of this account',
  WHATSAPP_TIMEOUT: 'WhatsApp did not tell the settings in time',
  CONNECTION_LOST: 'the connection to WhatsApp ended before it told the settings',
  WHATSAPP_UNCLEAR: 'WhatsApp told no settings that can be read, or reported a fault of its own',
  CLIENT_OUTDATED: 'WhatsApp refuses the version of this client',
  PROXY_FAILED: 'the proxy made no connection to WhatsApp',
  DEADLINE_TOO_SHORT: OUT_OF_TIME.message,
};

/** The cause that a problem gives to settings that were not attempted. */
export const causeFrom = (problem: OutcomeProblem): Cause => ({
  reason: problem.kind,
  message: isInUse(problem) ? 'the credentials are in use elsewhere' : IN_WORDS[problem.kind],
});

/** Why settings cannot be followed. */
export const whyUnavailable = (problem: Problem): { reason: Reason; message: string } =>
  isOutcomeProblem(problem) ? causeFrom(problem) : { reason: problem.kind, message: problem.kind };

const isInUse = (problem: Problem): boolean =>
  problem.kind === 'INSTANCE_NOT_CONNECTED' && problem.state === 'CONFLICT';
