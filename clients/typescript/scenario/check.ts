import { type ServiceError, status } from '@grpc/grpc-js';
import {
  outcomesOf,
  PrivacySetting,
  reasonOf,
  type SettingOutcome,
  SettingOutcome_State as State,
} from 'wa-privacy/client';

/** Ends the program where something is not as the contract says. */
export function check(isSo: boolean, what: string, seen?: unknown): asserts isSo {
  if (isSo) return;
  console.log(`NOT AS THE CONTRACT SAYS: ${what}`, seen ?? '');
  process.exit(1);
}

/** The error of a call that has to fail like this; without a reason it was not the service that answered. */
export async function mustFail(call: Promise<unknown>, code: status, reason?: string): Promise<ServiceError> {
  const error = await call.then(
    () => undefined,
    (rejection: ServiceError) => rejection,
  );
  const expected = `${status[code]} ${reason} was expected, not`;
  check(error?.code === code && reasonOf(error) === reason, expected, error);
  return error;
}

/** Each outcome in short: `LAST_SEEN APPLIED, GROUP_ADD FAILED`. */
export const told = (outcomes: readonly SettingOutcome[]): string =>
  outcomes.map(({ setting, state }) => `${PrivacySetting[setting]} ${State[state]}`).join(', ');

/** Of an update that failed. */
export const toldBy = (error: unknown): string => told(outcomesOf(error));
