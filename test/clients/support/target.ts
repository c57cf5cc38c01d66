import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { measured } from '../../../bench/stage/processes.js';
import { callersCa, otherCertificate, servicesCa } from '../../support/certificate.js';

const BIN = join(import.meta.dirname, '../../../dist/bin.js');
const ACCOUNT_TOKEN = 'wap_account-token-of-the-clients';
/** One a second: who has used up the 60 that may leave at once is told to wait no longer. */
const READS_PER_HOUR = '3600';

export const TRANSPORTS = ['plaintext', 'TLS with a CA of its own', 'mutual TLS'] as const;
export type Transport = (typeof TRANSPORTS)[number];

/** The built service and the built simulator, each in a process of its own and as new. */
export async function startTarget(transport: Transport) {
  const folder = mkdtempSync(join(tmpdir(), 'wa-privacy-clients-'));
  const tls = certificateFiles(transport, folder);

  const simulator = measured([BIN, 'simulate', '--listen', '127.0.0.1:0', '--control', '0']);
  const url = simulator.watch(/^export WA_PRIVACY_WHATSAPP_URL=(.+)$/);
  const rootKey = simulator.watch(/^export WA_PRIVACY_WHATSAPP_ROOT_KEY=(.+)$/);
  const control = simulator.watch(/^# control interface: (.+)$/);
  const service = measured([BIN, 'serve'], {
    WA_PRIVACY_LISTEN: '127.0.0.1:0',
    WA_PRIVACY_DATA_DIR: join(folder, 'data'),
    WA_PRIVACY_ACCOUNT_TOKEN: ACCOUNT_TOKEN,
    WA_PRIVACY_READS_PER_HOUR: READS_PER_HOUR,
    WA_PRIVACY_RATE_LIMIT_PER_MINUTE: '1000', // So that the budget of reads is met first.
    WA_PRIVACY_WHATSAPP_URL: await first(url),
    WA_PRIVACY_WHATSAPP_ROOT_KEY: await first(rootKey),
    ...tls.service,
  });

  return {
    /** What a client is told of it. */
    env: {
      WA_PRIVACY_SERVER: await first(service.watch(/^wa-privacy listening on (\S+)$/)),
      WA_PRIVACY_TOKEN: ACCOUNT_TOKEN,
      WA_PRIVACY_SIMULATOR: await first(control),
      ...tls.client,
    },
    async [Symbol.asyncDispose]() {
      await service.stop();
      await simulator.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const first = async (lines: ReturnType<ReturnType<typeof measured>['watch']>): Promise<string> =>
  (await lines.reached(1))[1] ?? '';

type Environment = Record<string, string>;

function certificateFiles(
  transport: Transport,
  folder: string,
): { service: Environment; client: Environment } {
  if (transport === 'plaintext') return { service: {}, client: {} };
  const file = (name: string, content: string) => {
    const path = join(folder, name);
    writeFileSync(path, content);
    return path;
  };
  const { cert, key } = otherCertificate('service');
  const caller = otherCertificate('desk');
  const isMutual = transport === 'mutual TLS';
  return {
    service: {
      WA_PRIVACY_TLS_CERT_FILE: file('service.pem', cert),
      WA_PRIVACY_TLS_KEY_FILE: file('service.key.pem', key),
      ...(isMutual && { WA_PRIVACY_TLS_CLIENT_CA_FILE: file('callers-ca.pem', callersCa()) }),
    },
    client: {
      WA_PRIVACY_CA_FILE: file('ca.pem', servicesCa()),
      ...(isMutual && {
        WA_PRIVACY_CERT_FILE: file('client.pem', caller.cert),
        WA_PRIVACY_KEY_FILE: file('client.key.pem', caller.key),
      }),
    },
  };
}
