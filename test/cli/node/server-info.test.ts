import { expect, onTestFinished, test } from 'vitest';
import {
  GetServerInfoResponse_Feature as Feature,
  GetServerInfoResponse,
} from '../../../gen/ts/whatsapp/privacy/v1/node_service.js';
import { run } from '../support/run.js';
import { startService } from '../support/service.js';

async function infoOf(response: object, ...args: string[]) {
  const { address, stop } = await startService({
    getServerInfo: () => GetServerInfoResponse.fromPartial(response),
  });
  onTestFinished(stop);
  const env = { WA_PRIVACY_SERVER: address, WA_PRIVACY_TOKEN: 'wap_abc' };
  return run(['server-info', ...args], { env });
}

test('server-info tells the version, what the server can do and its limits', async () => {
  const { code, stdout } = await infoOf({
    version: '1.2.3',
    whatsappVersion: '2.3000.1',
    features: [Feature.REFLECTION, 99],
    limits: { callsPerMinute: 7, openStreams: 3, requestBytes: 65_536, watchDuration: { seconds: 1800n } },
  });
  expect(code).toBe(0);
  expect(stdout).toMatch(/^version +1\.2\.3\nannounced +2\.3000\.1\ncan +reflection, number 99\n/);
  expect(stdout).toMatch(/calls a minute +7\nopen streams +3\nrequest +65536 bytes\n/);
  expect(stdout).toMatch(/a watch lasts +1800 s\nhistory +as long as the instance\n$/);
});

test('server-info prints the answer of the API as JSON', async () => {
  const { stdout } = await infoOf({ version: '1.2.3', limits: { callsPerMinute: 7 } }, '--json');
  expect(JSON.parse(stdout)).toEqual({ version: '1.2.3', limits: { callsPerMinute: 7 } });
});
