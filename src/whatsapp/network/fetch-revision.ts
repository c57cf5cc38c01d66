import type { IncomingMessage } from 'node:http';
import { get as getPlain } from 'node:http';
import { get as getSecure } from 'node:https';
import { proxyAgent } from './proxy-agent.js';

/** WhatsApp answers 400 without these (Baileys PR #1883, where other ones were tried). */
const HEADERS = {
  'sec-fetch-site': 'none',
  'user-agent':
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36',
};
/** `\"client_revision\":1048032155`, in a JSON text within a string; without the backslashes in the page. */
const REVISION = /\\?"client_revision\\?":\s*(\d{1,15})/;

const MOST_BYTES = 2 * 1024 * 1024;
const TIMEOUT_MS = 10_000;

/** Asks which revision of WhatsApp Web is live; rejects with a text for the operator. Tells nothing but this address. */
export async function fetchRevision(url: string, proxy: string | undefined): Promise<number> {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const response = await answerTo(url, proxy, signal);
  try {
    if (response.statusCode !== 200) throw new Error(`the answer was HTTP ${response.statusCode}`);
    const found = REVISION.exec(await textOf(response));
    if (!found) throw new Error('the answer names no revision');
    return Number(found[1]);
  } finally {
    response.destroy();
  }
}

const answerTo = (url: string, proxy: string | undefined, signal: AbortSignal): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    const get = url.startsWith('https:') ? getSecure : getPlain;
    // The agent that all share would keep the connection for a next request, which comes in an hour.
    const agent = proxy === undefined ? false : proxyAgent(proxy, TIMEOUT_MS);
    get(url, { headers: HEADERS, agent, signal }, resolve).on('error', reject);
  });

async function textOf(response: IncomingMessage): Promise<string> {
  let text = '';
  for await (const part of response.setEncoding('utf8')) {
    text += part;
    if (text.length > MOST_BYTES) throw new Error('the answer is too long');
  }
  return text;
}
