import { proxyMistake } from '../domain/proxy.js';
import { type Secret, secret } from './secret.js';

type Env = Readonly<Record<string, string | undefined>>;

/** The proxies that the environment names for all programs. */
export type EnvironmentProxy = {
  /** That for a URL; only TLS goes through it, as with curl's `HTTPS_PROXY`. */
  for(url: string): Secret<string> | undefined;
  /** What is wrong with it, and where that stands. */
  readonly mistake: string | undefined;
};

/** `HTTPS_PROXY` and `NO_PROXY`, in small letters first, as curl reads them. */
export function environmentProxy(env: Env): EnvironmentProxy {
  const name = env['https_proxy'] ? 'https_proxy' : 'HTTPS_PROXY';
  const given = env[name];
  const proxy = given && !given.includes('://') ? `http://${given}` : given;
  const exceptions = (env['no_proxy'] || env['NO_PROXY'] || '').toLowerCase().split(/[\s,]+/);
  const mistake = proxy ? proxyMistake(proxy) : undefined;
  return {
    for: url => (proxy && isSecure(url) && !isExcepted(new URL(url), exceptions) ? secret(proxy) : undefined),
    mistake: mistake && `${name}: ${mistake}`,
  };
}

const isSecure = (url: string): boolean => /^(wss|https):/.test(url);

/** `*`, or a host with all below it, with or without a leading dot and a port. */
const isExcepted = ({ hostname, port }: URL, exceptions: readonly string[]): boolean =>
  exceptions.some(exception => {
    if (exception === '*') return true;
    const [, name = '', ofPort] = /^\*?\.?(.*?)(?::(\d+))?$/.exec(exception) ?? [];
    if (name === '' || (ofPort !== undefined && ofPort !== (port || '443'))) return false;
    return hostname === name || hostname.endsWith(`.${name}`);
  });
