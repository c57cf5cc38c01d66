import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { measured } from '../../../bench/stage/processes.js';
import { InstanceServiceService as Instances } from '../../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import {
  Token_Access,
  Token_Kind,
  TokenServiceService as Tokens,
} from '../../../gen/ts/whatsapp/privacy/v1/token_service.js';
import { startSimulator } from '../../../src/simulator/index.js';
import { caller } from '../../support/call.js';
import { link } from '../../support/link.js';

const ACCOUNT_TOKEN = 'wap_account-token-of-the-tests';
const INSTANCE = 'desk';
const BIN = join(import.meta.dirname, '../../../dist/bin.js');
/** So many that each stays within its 100 calls a minute. */
const CALLERS = 40;
/** What a container of 512 MB leaves. */
const HEAP_MB = 400;

/** The built service in a process of its own, with one linked instance. */
export async function startTarget() {
  const simulator = await startSimulator();
  const dataDir = mkdtempSync(join(tmpdir(), 'wa-privacy-abuse-'));
  const service = measured([`--max-old-space-size=${HEAP_MB}`, BIN, 'serve'], {
    WA_PRIVACY_LISTEN: '127.0.0.1:0',
    WA_PRIVACY_DATA_DIR: dataDir,
    WA_PRIVACY_ACCOUNT_TOKEN: ACCOUNT_TOKEN,
    WA_PRIVACY_WHATSAPP_URL: simulator.url,
    WA_PRIVACY_WHATSAPP_ROOT_KEY: simulator.rootKey,
  });
  const logged = service.watch(/^\{/);
  const [, address = ''] = await service.watch(/^wa-privacy listening on (\S+)$/).reached(1);
  const client = caller(address, ACCOUNT_TOKEN);
  await client.call(Instances.createInstance, { name: INSTANCE });
  await link(client, INSTANCE, simulator.addPhone({ phoneNumber: '15550400001' }));
  const { secret: tokenOfAnother } = await client.call(Instances.createInstance, { name: 'another' });
  const create = { kind: Token_Kind.INSTANCE, instance: INSTANCE, access: Token_Access.READ_ONLY };
  const made = await Promise.all(
    Array.from({ length: CALLERS }, () => client.call(Tokens.createToken, create)),
  );
  client.close();

  return {
    address,
    port: Number(address.split(':')[1]),
    /** One for each honest caller. */
    tokens: made.map(({ secret }) => secret),
    tokenOfAnother,
    instance: INSTANCE,
    rssMb: () => service.rss() / 2 ** 20,
    cpuSeconds: service.cpuSeconds,
    /** Lines so far. */
    logged: logged.count,
    async [Symbol.asyncDispose]() {
      await service.stop();
      await simulator.stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}
