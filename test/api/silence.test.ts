import { expect, test, vi } from 'vitest';
import { type Desk, rewritten, storedSecrets, viewIn } from '../support/desk.js';
import { type Service, startService } from '../support/service.js';

/** The service waits 30 s for a login, and up to 30 s to ping and 12.5 s for the answer. */
const GIVEN_UP = { timeout: 120_000, interval: 100 };

/** Why the connection of an instance ended first; the log keeps what the instance shows for a second only. */
function firstReason({ log }: Service, { instance }: Desk): string | undefined {
  const lines = log.map(line => JSON.parse(line) as { instance?: string; reason?: string });
  return lines.find(line => line.instance === instance && line.reason)?.reason;
}

test('a WhatsApp that falls silent is given up in time, and tried again with the same secrets', async () => {
  await using service = await startService();
  const inUpgrade = await service.linked();
  const inHello = await service.linked();
  const inLogin = await service.linked();
  const inSession = await service.linked();
  const desks = [inUpgrade, inHello, inLogin, inSession];
  const secrets = storedSecrets(service);

  const stages = [
    ['upgrade', inUpgrade],
    ['hello', inHello],
    ['login', inLogin],
  ] as const;
  for (const [on, desk] of stages) {
    const silence = service.simulator.inject({ match: { on }, effect: { do: 'silence' } });
    desk.phone.streamError(515);
    await vi.waitFor(() => expect(silence.hits()).toBe(1), GIVEN_UP);
  }
  inSession.phone.dropConnections('half_open');

  // Which of the deadlines of the same length is the first does not matter.
  const NO_LOGIN = expect.stringMatching(/^(WhatsApp did not accept the login within 30 s|No connection)/);
  await vi.waitFor(() => {
    const reasons = desks.map(desk => firstReason(service, desk));
    expect(reasons).toEqual([NO_LOGIN, NO_LOGIN, NO_LOGIN, 'WhatsApp stopped answering']);
  }, GIVEN_UP);
  for (const desk of desks) await viewIn(service, desk, 'CONNECTED');
  const now = storedSecrets(service);
  expect(now.credentials).toEqual(secrets.credentials);
  expect(rewritten(secrets, now)).toBe(0);
});
