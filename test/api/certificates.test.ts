import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { credentials } from '@grpc/grpc-js';
import { expect, onTestFinished, test } from 'vitest';
import { InstanceServiceService } from '../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import { caller } from '../support/call.js';
import { certificate, otherCertificate, type Pair } from '../support/certificate.js';
import { ACCOUNT_TOKEN, startService } from '../support/service.js';

const OLD = certificate();
const RENEWED = otherCertificate('renewed');

test('certificates that are replaced are served once they are read again, and broken ones are not', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'wa-privacy-tls-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  const write = (pair: Pair) => {
    writeFileSync(cert, pair.cert);
    writeFileSync(key, pair.key);
  };
  write(OLD);
  await using service = await startService({
    env: { WA_PRIVACY_TLS_CERT_FILE: cert, WA_PRIVACY_TLS_KEY_FILE: key },
  });
  const reaches = async ({ cert }: Pair) => {
    const address = service.address.replace('127.0.0.1', 'localhost');
    const options = { 'grpc.use_local_subchannel_pool': 1 };
    const trusting = caller(address, ACCOUNT_TOKEN, options, credentials.createSsl(Buffer.from(cert)));
    onTestFinished(trusting.close);
    return trusting.call(InstanceServiceService.listInstances, {}).then(
      () => true,
      () => false,
    );
  };
  expect([await reaches(OLD), await reaches(RENEWED)]).toEqual([true, false]);

  write(RENEWED);
  await service.app.reloadCertificates();
  expect([await reaches(OLD), await reaches(RENEWED)]).toEqual([false, true]);

  write({ ...OLD, key: 'not a key' });
  await service.app.reloadCertificates();
  expect(await reaches(RENEWED)).toBe(true);
  const told = service.log.filter(line => line.includes('certificate')).map(line => JSON.parse(line));
  expect(told).toMatchObject([
    { event: 'certificate_replaced', expireTime: expect.stringMatching(/^2126-/) },
    { event: 'certificate_refused', level: 'error' },
  ]);
});

test('a service without TLS has none to read again', async () => {
  await using service = await startService();
  await service.app.reloadCertificates();
  expect(service.log.join('')).not.toContain('certificate');
});
