import { text } from 'node:stream/consumers';
import { tellsPassword } from '../../domain/proxy.js';
import { readText } from '../../input/toml-file.js';
import { UsageError } from '../../input/usage-error.js';

/** Of commands that set the proxy of an instance. */
export const PROXY_FLAG = '--proxy <url>';
export const PROXY_MEANING =
  'the only way by which it connects to WhatsApp: http://, https://, socks5:// or socks5h://; @FILE reads it from a file, ' +
  '- from standard input, which one with a password needs; none for that of the service';

/** What the flag says; empty for `none`, undefined without the flag. */
export async function proxyOf(flag: string | undefined): Promise<string | undefined> {
  if (flag === undefined) return undefined;
  if (flag === 'none') return '';
  if (flag === '-') return (await text(process.stdin)).trim();
  if (flag.startsWith('@')) return fromFile(flag.slice(1));
  // Whoever looks at the processes of this machine would read it.
  if (tellsPassword(flag))
    throw new UsageError([
      '--proxy: a password does not belong on a command line; use @FILE, or - to read it',
    ]);
  return flag;
}

function fromFile(path: string): string {
  const mistakes: string[] = [];
  const read = readText(path, '--proxy', mistakes);
  if (read === undefined) throw new UsageError(mistakes);
  return read.trim();
}
