// Loaded into a command's process before anything of its own: kills it at the point of I/O with the number in KILL_AT.
import { watchIo } from '../support/io.js';

let points = 0;
watchIo(process.env['WA_PRIVACY_DATA_DIR'] ?? '', () => {
  if (points++ === Number(process.env['KILL_AT'])) process.kill(process.pid, 'SIGKILL');
  return undefined;
});
