/** Fulfils with the first SIGTERM or SIGINT. Call it before telling anyone that the process is ready. */
export const endSignal = (): Promise<string> =>
  new Promise(resolve => {
    for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => resolve(name));
  });
