import { closeSync, openSync } from 'node:fs';

const NAMES = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;
type Name = (typeof NAMES)[number];

/**
 * Fulfils with the first SIGTERM, SIGINT or SIGHUP; the second one ends the process at once. Call it before telling
 * anyone that the process is ready.
 *
 * @param onReload What a SIGHUP does instead, unless it came because the terminal is gone.
 */
export function endSignal(onReload?: () => void): Promise<Name> {
  const hadTerminal = hasTerminal();
  return new Promise(resolve => {
    function end(name: Name) {
      // Now the system does what it does by default, also while this thread hangs.
      for (const each of NAMES) process.removeListener(each, listener);
      if (process.pid === 1) endAtNext(); // For which the system does nothing by default.
      resolve(name);
    }
    function listener(name: Name) {
      if (name === 'SIGHUP' && onReload && hasTerminal() === hadTerminal) onReload();
      else end(name);
    }
    for (const name of NAMES) process.on(name, listener);
  });
}

function endAtNext() {
  for (const name of NAMES) process.once(name, (_name: string, number: number) => process.exit(128 + number));
}

/** Whether this process has a terminal that could go away. */
function hasTerminal(): boolean {
  try {
    closeSync(openSync('/dev/tty', 'r'));
    return true;
  } catch {
    return false;
  }
}
