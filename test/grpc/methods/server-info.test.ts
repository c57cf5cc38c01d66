import { expect, test } from 'vitest';
import {
  GetServerInfoResponse_Feature as Feature,
  NodeServiceService,
} from '../../../gen/ts/whatsapp/privacy/v1/node_service.js';
import { version } from '../../../src/package-json.js';
import { startService } from '../../support/service.js';
import { startApi } from '../support/api.js';
import { invoke } from '../support/invoke.js';

const { getServerInfo } = NodeServiceService;

test('GetServerInfo tells every token the limits that are configured', async () => {
  const api = await startApi({ limits: { callsPerMinute: 7, openStreams: 3 }, historyMs: 90 * 86_400_000 });
  const secret = await api.addInstance('desk', 'READ_ONLY');
  const { responses } = await invoke(api, getServerInfo, {}, { secret });
  const span = (seconds: bigint) => ({ seconds, nanos: 0 });
  expect(responses).toEqual([
    {
      version: '1.2.3',
      whatsappVersion: expect.stringMatching(/^2\.3000\.\d+$/),
      features: [Feature.REFLECTION],
      limits: {
        callsPerMinute: 7,
        openStreams: 3,
        requestBytes: 65_536,
        usualDeadline: span(30n),
        longestDeadline: span(120n),
        watchDuration: span(1800n),
        historyRetention: span(7_776_000n),
      },
      nodeId: '',
      nodeName: '',
      nodeCount: 1,
    },
  ]);
});

test('GetServerInfo leaves out what this server does not do, and a history without an end', async () => {
  const api = await startApi({ reflection: 'nobody' });
  const [info] = (await invoke(api, getServerInfo, {})).responses;
  expect(info?.features).toEqual([]);
  expect(info?.limits?.historyRetention).toBeUndefined();
});

test('GetServerInfo tells the version of the package that runs', async () => {
  await using service = await startService({ env: { WA_PRIVACY_RATE_LIMIT_PER_MINUTE: '55' } });
  const info = await service.client.call(getServerInfo, {});
  expect(info.version).toBe(version);
  expect(info.version).toMatch(/^\d+\.\d+\.\d+/);
  expect(info.limits).toMatchObject({ callsPerMinute: 55, historyRetention: { seconds: 7_776_000n } });
});
