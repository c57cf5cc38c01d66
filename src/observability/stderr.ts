import { fstatSync, write, writeSync } from 'node:fs';
import { type LineSink, lineSink, type Offer } from './line-sink.js';

const STDERR = 2;

/** Lines on stderr, whatever that is: a log that is full, slow or gone stops nothing. */
export function stderrLines(): LineSink {
  // Without a listener the first failed write would end the process, also one of Node's own warnings.
  process.stderr.on('error', () => undefined);
  const lines = lineSink(isPipe() ? toPipe : toFile);
  process.on('exit', () => {
    try {
      writeSync(STDERR, lines.rest());
    } catch {
      // It takes nothing, and there is no time left.
    }
  });
  return lines;
}

const isPipe = (): boolean => {
  const stats = fstatSync(STDERR);
  return stats.isFIFO() || stats.isSocket();
};

/** Node writes to a pipe without blocking. A thread that blocked in one would keep the process from its end for ever. */
const toPipe: Offer = (bytes, done) =>
  void process.stderr.write(bytes, error => done(error ? 0 : bytes.length));

/** A file or terminal; `process.stderr` would stop the event loop until it takes what is written. */
const toFile: Offer = (bytes, done) => write(STDERR, bytes, (error, taken) => done(error ? 0 : taken));
