import type { Agent, ClientRequest } from 'node:http';
import type { Duplex } from 'node:stream';
import { HttpsProxyAgent } from 'https-proxy-agent';
import { SocksProxyAgent } from 'socks-proxy-agent';

/** Why a proxy made no connection. The message is for the operator, and holds neither user nor password. */
export class ProxyError extends Error {}

type Connect = (request: ClientRequest, options: object) => Promise<Duplex>;

/**
 * An agent for one connection through a proxy; where that makes none in time, the request fails with a `ProxyError`.
 * Nothing gets past it: a request with an agent has no other way to a socket.
 */
export function proxyAgent(proxy: string, connectMs: number): Agent {
  const over = new AbortController();
  let answer: number | undefined;
  const agent = agentFor(proxy, over.signal);
  if (agent instanceof HttpsProxyAgent)
    agent.on('proxyConnect', ({ statusCode }: { statusCode: number }) => {
      answer = statusCode;
    });
  const connect = (agent.connect as Connect).bind(agent);

  const connectInTime: Connect = async (request, options) => {
    const limit = Promise.withResolvers<never>();
    const end = (text: string) => limit.reject(new ProxyError(text));
    const leave = () => end('The connection was given up');
    const timer = setTimeout(end, connectMs, `The proxy made no connection within ${connectMs / 1000} s`);
    request.once('close', leave);
    const connecting = connect(request, options);
    try {
      const socket = await Promise.race([connecting, limit.promise]);
      // The agent would hand on such an answer as that of WhatsApp.
      if (answer !== undefined && answer !== 200)
        throw new ProxyError(`The proxy refused the connection (HTTP ${answer})`);
      return socket;
    } catch (cause) {
      over.abort();
      connecting.then(late => late.destroy()).catch(() => undefined);
      throw cause instanceof ProxyError ? cause : new ProxyError(textOf(cause));
    } finally {
      clearTimeout(timer);
      request.off('close', leave);
    }
  };
  return Object.assign(agent, { connect: connectInTime });
}

/** The signal ends a connection that is being made; the SOCKS agent has a limit of its own for that. */
function agentFor(proxy: string, signal: AbortSignal): HttpsProxyAgent<string> | SocksProxyAgent {
  try {
    return proxy.startsWith('http') ? httpAgent(new URL(proxy), signal) : new SocksProxyAgent(proxy);
  } catch {
    const why = new ProxyError('The proxy that is set for the instance cannot be read; set it again');
    return Object.assign(new SocksProxyAgent('socks5h://unreadable.invalid'), {
      connect: () => Promise.reject(why),
    });
  }
}

/** With user and password apart from the URL, which the agent prints where DEBUG asks for it. */
function httpAgent(url: URL, signal: AbortSignal): HttpsProxyAgent<string> {
  const user = [url.username, url.password].map(decodeURIComponent).join(':');
  const headers =
    user === ':' ? {} : { 'Proxy-Authorization': `Basic ${Buffer.from(user).toString('base64')}` };
  url.username = '';
  url.password = '';
  return new HttpsProxyAgent(url.href, { signal, headers });
}

/** A code of the system's, or a text of the libraries', none of which quotes what it was given. */
function textOf(error: unknown): string {
  const message = error instanceof Error ? error.message : 'unknown';
  const code = error instanceof Error && 'code' in error ? String(error.code) : undefined;
  const why = code ?? /\bE[A-Z]{4,}\b/.exec(message)?.[0] ?? message;
  return `The proxy failed (${why})`;
}
