import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { measured } from '../../../bench/processes.js';
import { InstanceServiceService as Instances } from '../../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import { startSimulator } from '../../../src/simulator/index.js';
import { caller } from '../../support/call.js';
import { link } from '../../support/link.js';

const ACCOUNT_TOKEN = 'wap_account-token-of-the-tests';
const INSTANCE = 'desk';
const BIN = join(import.meta.dirname, '../../../dist/src/bin.js');
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
    // Room for the honest callers, whose pace it is; an attacker has more.
    WA_PRIVACY_RATE_LIMIT_PER_MINUTE: '6000',
    WA_PRIVACY_WHATSAPP_URL: simulator.url,
    WA_PRIVACY_WHATSAPP_ROOT_KEY: simulator.rootKey,
  });
  const logged = service.watch(/^\{/);
  const [, address = ''] = await service.watch(/^wa-privacy listening on (\S+)$/).reached(1);
  const client = caller(address, ACCOUNT_TOKEN);
  await client.call(Instances.createInstance, { name: INSTANCE });
  await link(client, INSTANCE, simulator.addPhone({ phoneNumber: '15550400001' }));
  const { secret: tokenOfAnother } = await client.call(Instances.createInstance, { name: 'another' });
  client.close();

  return {
    address,
    port: Number(address.split(':')[1]),
    token: ACCOUNT_TOKEN,
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
