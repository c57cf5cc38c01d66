import { PerformanceObserver } from 'node:perf_hooks';
import v8 from 'node:v8';

/** What the young generation may take, in bytes; by itself V8 lets it grow to five times as much. */
const ENOUGH = 16 * 1024 * 1024;

/**
 * Keeps the space small in which V8 makes new objects. A service that is idle for the most part has no use for more, and
 * what fits into a processor's cache is made and collected sooner. Node's own `--max-semi-space-size` has to be given
 * before the process starts; by how much that space grows is asked anew each time it does.
 */
export function keepYoungGenerationSmall(): void {
  let grows = true;
  function look() {
    const isSmall = youngBytes() < ENOUGH;
    if (isSmall === grows) return;
    grows = isSmall;
    v8.setFlagsFromString(`--semi-space-growth-factor=${grows ? 2 : 1}`);
  }
  look();
  new PerformanceObserver(look).observe({ entryTypes: ['gc'] });
}

const youngBytes = (): number =>
  v8.getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space')?.space_size ?? 0;
