import { isLoopback } from '../input/loopback.js';

/** Each but the first demands a certificate that is good for the host. */
const SSL_MODES = ['disable', 'require', 'verify-ca', 'verify-full'];

/** What is wrong with the URL of a database, without quoting it; undefined when it is right. */
export function databaseUrlMistake(text: string): string | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^postgres(?:ql)?:$/.test(url.protocol) || url.pathname.length < 2)
    return 'must be a URL like postgres://USER:PASSWORD@HOST:PORT/DATABASE';
  const mode = url.searchParams.get('sslmode');
  if (mode !== null && !SSL_MODES.includes(mode)) return `its sslmode must be one of ${SSL_MODES.join(', ')}`;
  if (mode === null && !isLocal(url))
    return 'its host is not a loopback address: say sslmode=verify-full (with sslrootcert=FILE where no public CA signed its certificate), or sslmode=disable';
  return undefined;
}

/** A path is that of a Unix socket. */
function isLocal(url: URL): boolean {
  const host = url.searchParams.get('host') ?? decodeURIComponent(url.hostname).replace(/^\[|\]$/g, '');
  return host === '' || host.startsWith('/') || isLoopback(host);
}
