// A process of its own that writes until it is killed: `writer.ts FILE MODE`.
import { sqliteStore } from '../../../src/stores/sqlite/sqlite.js';
import { instanceRecord, MASTER_KEY } from '../contract/records.js';

const [file = '', mode] = process.argv.slice(2);
const { instances, credentials } = await sqliteStore({ file, masterKey: MASTER_KEY });
const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
const report = (value: unknown): void => console.log(JSON.stringify(value));

const link = (identity: number) =>
  credentials.saveLink('a', json({ identity, count: 0 }), {
    phoneNumber: '+15550100123',
    linkTime: new Date(),
  });

/** Links again and again, and in each link counts up in the credentials and in two keys. */
async function write(): Promise<never> {
  const stored = await credentials.load('a');
  let { identity } = stored ? (JSON.parse(stored.toString()) as { identity: number }) : { identity: 0 };
  for (;;) {
    await link(++identity);
    report({ identity, count: 0 });
    for (let count = 1; count <= 5; count++) {
      const value = json({ identity, count });
      await credentials.saveKeys('a', [
        { type: 'session', id: 'left', value },
        { type: 'session', id: 'right', value },
      ]);
      await credentials.save('a', value);
      report({ identity, count });
    }
  }
}

await instances.create(instanceRecord('a'));
if (mode === 'hold') {
  report('open');
  setInterval(() => {}, 60_000);
} else if (mode === 'save and die') {
  await link(1);
  await credentials.save('a', Buffer.from('saved'));
  process.kill(process.pid, 'SIGKILL');
} else {
  await write();
}
