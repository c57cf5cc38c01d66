// Loaded into the service's process before anything of its own: tells what the process holds, whenever asked.
import { readdirSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Held } from '../support/held.js';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

process.on('message', () => {
  // What finalizers let go of is collected by the second.
  collect();
  setImmediate(() => {
    collect();
    const { heapUsed, rss } = process.memoryUsage();
    const held: Held = {
      heap: heapUsed,
      rss,
      resources: process.getActiveResourcesInfo().sort(),
      files: readdirSync('/proc/self/fd').length,
    };
    process.send?.(held);
  });
});
process.channel?.unref();
