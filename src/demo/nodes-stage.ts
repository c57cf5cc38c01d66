import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Phone, type Simulator, startSimulator } from '../simulator/index.js';
import { demoDatabase } from './database.js';
import { type NodeProcess, startNode } from './node-process.js';

/** What the demo of several nodes plays on. */
export type NodesStage = {
  readonly simulator: Simulator;
  readonly phone: Phone;
  readonly nodes: readonly NodeProcess[];
  clear(): Promise<void>;
};

const TOKEN = 'wap_demo-account-token';

/** Starts so many nodes, `node-1` first, on one database and one simulated WhatsApp. */
export async function setNodesStage(count: number, database: string | undefined): Promise<NodesStage> {
  const ends: (() => Promise<void> | void)[] = [];
  async function clear() {
    for (const end of ends.splice(0).reverse()) await end();
  }
  try {
    const { url, remove } = await demoDatabase(database);
    ends.push(remove);
    const simulator = await startSimulator();
    ends.push(simulator.stop);
    const dataDir = mkdtempSync(join(tmpdir(), 'wa-privacy-demo-'));
    ends.push(() => rmSync(dataDir, { recursive: true, force: true }));
    const env = {
      WA_PRIVACY_LISTEN: '127.0.0.1:0',
      WA_PRIVACY_NODE_LISTEN: '127.0.0.1:0',
      WA_PRIVACY_DATABASE_URL: url,
      WA_PRIVACY_MASTER_KEY: randomBytes(32).toString('base64'),
      WA_PRIVACY_ACCOUNT_TOKEN: TOKEN,
      WA_PRIVACY_LOG_LEVEL: 'error',
      WA_PRIVACY_WHATSAPP_URL: simulator.url,
      WA_PRIVACY_WHATSAPP_ROOT_KEY: simulator.rootKey,
    };
    const nodes: NodeProcess[] = [];
    for (let number = 1; number <= count; number++) {
      const name = `node-${number}`;
      const node = await startNode(name, TOKEN, { ...env, WA_PRIVACY_DATA_DIR: join(dataDir, name) });
      ends.push(node.kill);
      nodes.push(node);
    }
    const phone = simulator.addPhone({ phoneNumber: '15550100123', name: 'Demo' });
    return { simulator, phone, nodes, clear };
  } catch (error) {
    await clear();
    throw error;
  }
}
