import { PrivacyError, type Problem } from '../../domain/errors.js';
import type { ManagedInstance } from '../member/managed-instance.js';
import type { PasskeyVerdict } from '../ports/passkey-steps.js';

/**
 * Answers the passkey request of the attempt to link that is running.
 *
 * @throws PrivacyError when none waits for it, or it is not what is waited for
 */
export function submitAssertion({ instance, supervisor }: ManagedInstance, assertionJson: string): void {
  const { connection } = supervisor;
  const step = connection.state === 'linking' ? connection.passkey() : undefined;
  refuseUnlessTaken(instance, step?.kind === 'request' ? step.answer(assertionJson) : NOT_AWAITED);
}

/**
 * Says that the phone shows this code too.
 *
 * @throws PrivacyError when none waits for that, or another code does
 */
export function confirmCode({ instance, supervisor }: ManagedInstance, code: string): void {
  const { connection } = supervisor;
  const step = connection.state === 'linking' ? connection.passkey() : undefined;
  refuseUnlessTaken(instance, step?.kind === 'code' ? step.confirm(code) : NOT_AWAITED);
}

const NOT_AWAITED: PasskeyVerdict = { kind: 'not_awaited' };

function refuseUnlessTaken(instance: string, verdict: PasskeyVerdict): void {
  if (verdict.kind !== 'taken') throw new PrivacyError(problemOf(instance, verdict));
}

function problemOf(instance: string, verdict: Exclude<PasskeyVerdict, { kind: 'taken' }>): Problem {
  switch (verdict.kind) {
    case 'not_awaited':
      return { kind: 'PASSKEY_NOT_AWAITED', instance };
    case 'mismatch':
      return { kind: 'PASSKEY_MISMATCH', instance };
    case 'wrong': {
      const field = 'assertion_json';
      const violation = { field, reason: 'INVALID_FORMAT', description: `${field} ${verdict.why}` } as const;
      return { kind: 'INVALID_REQUEST', violations: [violation] };
    }
  }
}
