/** How a proxy may be spoken to. With `socks5h` it looks up names itself. */
const PROTOCOLS = ['http:', 'https:', 'socks5:', 'socks5h:'];

/** Stands for a stored proxy that cannot be read any more: nothing connects through it, and nothing past it. */
export const UNREADABLE_PROXY = 'unreadable:';

/** What is wrong with a text as the URL of a proxy, without quoting it, for it may hold a password. */
export function proxyMistake(text: string): string | undefined {
  const url = URL.parse(text);
  if (!url || !PROTOCOLS.includes(url.protocol) || !url.hostname)
    return 'must be a URL like http://user:password@host:port, its scheme http, https, socks5 or socks5h';
  if (!['', '/'].includes(url.pathname) || url.search || url.hash)
    return 'must end with the port of the proxy';
  try {
    decodeURIComponent(`${url.username}${url.password}`);
    return undefined;
  } catch {
    return 'must have user and password percent-encoded';
  }
}

/** The URL of a proxy as it may be shown: without user and password. */
export function shownProxy(proxy: string): string {
  const url = URL.parse(proxy);
  return url?.hostname ? `${url.protocol}//${url.host}` : 'unreadable';
}

/** Whether it tells a password, which must not stand where process lists show it. */
export const tellsPassword = (proxy: string): boolean => Boolean(URL.parse(proxy)?.password);
