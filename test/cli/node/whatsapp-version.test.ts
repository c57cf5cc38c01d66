import { expect, onTestFinished, test } from 'vitest';
import {
  GetWhatsAppVersionResponse,
  GetWhatsAppVersionResponse_Source as Source,
} from '../../../gen/ts/whatsapp/privacy/v1/node_service.js';
import { run } from '../support/run.js';
import { startService } from '../support/service.js';

async function versionOf(response: Partial<GetWhatsAppVersionResponse>, ...args: string[]) {
  const { address, stop } = await startService({
    getWhatsAppVersion: () => GetWhatsAppVersionResponse.fromPartial(response),
  });
  onTestFinished(stop);
  const env = { WA_PRIVACY_SERVER: address, WA_PRIVACY_TOKEN: 'wap_abc' };
  const { code, stdout } = await run(['whatsapp-version', ...args], { env });
  expect(code).toBe(0);
  return stdout;
}

const BUILT_IN = {
  version: '2.3000.1048032155',
  source: Source.BUILT_IN,
  releaseTime: new Date('2026-09-21T00:00:00Z'),
  ageDays: 70,
};

test('whatsapp-version tells the announced version, where it comes from, its age and its end', async () => {
  expect(await versionOf(BUILT_IN)).toBe(`announced       2.3000.1048032155
source          built into this release
age             70 days, since 2026-09-21
expires         WhatsApp has announced no end
newest fetched  none
refused         no
`);
  const more = {
    ...BUILT_IN,
    source: Source.FETCHED,
    expireTime: new Date('2026-12-24T12:00:00Z'),
    fetchedVersion: '2.3000.1053000000',
    fetchTime: new Date('2026-11-30T12:00:00Z'),
    refused: true,
  };
  const text = await versionOf(more);
  expect(text).toMatch(/^source +fetched from WhatsApp$/m);
  expect(text).toMatch(/^expires +2026-12-24T12:00:00.000Z$/m);
  expect(text).toMatch(/^newest fetched +2\.3000\.1053000000 on 2026-11-30$/m);
  expect(text).toMatch(/^refused +yes/m);
  expect(JSON.parse(await versionOf(more, '--json'))).toMatchObject({
    version: '2.3000.1048032155',
    source: 'SOURCE_FETCHED',
    refused: true,
  });
});
