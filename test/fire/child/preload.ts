// Loaded into the service's process before anything of its own: obeys the orders of the test that started it.
import { flushCompileCache } from 'node:module';
import Sqlite from 'better-sqlite3';
import { watchIo } from '../support/io.js';
import type { Bearing, IoPoint } from '../support/io-point.js';
import type { Disk, Done, Order } from '../support/orders.js';
import { knownResolutions } from './resolutions.js';

const points: string[] = [];
let killAt: number | undefined;
let disk: Disk = { is: 'fine' };

watchIo(process.env['WA_PRIVACY_DATA_DIR'] ?? '', point => {
  if (points.length === killAt) process.kill(process.pid, 'SIGKILL');
  points.push(`${point.moment} ${point.kind}: ${point.what}`);
  return point.moment === 'before' ? bear(point) : undefined;
});

/** What the disk does to a statement. */
function bear({ kind, what }: IoPoint): Bearing | undefined {
  if (disk.is === 'fine' || disk.on !== kind || !what.includes(disk.statement ?? '')) return undefined;
  if (disk.is === 'slow') return { ms: disk.ms };
  if (disk.is === 'hanging') return { pipe: disk.pipe };
  // A transaction can always be given up.
  if (what.startsWith('ROLLBACK')) return undefined;
  throw new Sqlite.SqliteError('the disk failed as it was told', disk.code);
}

const serving = Promise.withResolvers<void>();
process.on('message', (order: Order) => {
  if (order.do === 'serve' || order.do === 'count') {
    points.length = 0;
    killAt = order.killAt;
  }
  if (order.do === 'serve') serving.resolve();
  if (order.do === 'disk') disk = order.disk;
  const told = order.do === 'tell' ? points : [];
  process.send?.({ points: told, peakBytes: process.resourceUsage().maxRSS * 1024 } satisfies Done);
});
// A test that is gone leaves nothing behind.
process.on('disconnect', () => process.exit());

// Loading takes longer than all else, so it is done while the service before this one is still at work.
const program = new URL('../../../dist/program/serve.js', import.meta.url);
const resolutions = knownResolutions(process.env['NODE_COMPILE_CACHE'] ?? '', program);
await import(program.href);
resolutions.keep();
flushCompileCache();
await serving.promise;
// Orders keep no service alive that has come to its end.
process.channel?.unref();
