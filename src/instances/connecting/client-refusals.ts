import type { ClientVersions } from '../ports/client-version.js';
import type { InstanceLog } from '../ports/ports.js';
import type { Breaker } from './breaker.js';

/** Whether WhatsApp refuses this client, whichever instance connects. */
export interface ClientRefusals {
  isRefused(): boolean;
  /** Calls the listener with each change from now on. */
  onChange(listener: (isRefused: boolean) => void): void;
}

/** Follows the refusals: tells the operator, looks for a newer version, and has it tried at once. */
export function clientRefusals(
  breaker: Pick<Breaker, 'listen' | 'renewed'>,
  versions: Pick<ClientVersions, 'refused' | 'onRaised'>,
  log: Pick<InstanceLog, 'clientRefused' | 'clientAccepted'>,
): ClientRefusals {
  let isRefused = false;
  const listeners: ((isRefused: boolean) => void)[] = [];
  function change(now: boolean) {
    isRefused = now;
    for (const listener of listeners) listener(now);
  }

  breaker.listen({
    refused({ text, culprit }, isNews) {
      if (isNews) {
        log.clientRefused({ reason: text });
        change(true);
      }
      if (culprit?.kind === 'client_version') versions.refused();
    },
    accepted() {
      log.clientAccepted();
      change(false);
    },
  });
  versions.onRaised(breaker.renewed);

  return { isRefused: () => isRefused, onChange: listener => void listeners.push(listener) };
}
