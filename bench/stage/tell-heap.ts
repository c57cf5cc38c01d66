// Loaded into a process whose heap is measured: says on SIGUSR2 how many bytes are in use after a full collection.
process.on('SIGUSR2', () => {
  globalThis.gc?.();
  process.stderr.write(`heap ${process.memoryUsage().heapUsed}\n`);
});
