import type { IncomingHttpHeaders } from 'node:http2';

/**
 * Shows repeated `authorization` headers, joined by commas. Node keeps the first and drops the others, so that a
 * proxy that looks at the last would check another token than we do.
 *
 * @param raw Names and values by turns, which grpc-js gives no access to.
 */
export function showRepeatedAuthorization(headers: IncomingHttpHeaders, raw: readonly string[]): void {
  if (raw.indexOf('authorization') === raw.lastIndexOf('authorization')) return;
  const values = raw.filter((_, index) => index % 2 === 1 && raw[index - 1] === 'authorization');
  if (values.length > 1) headers.authorization = values.join(', ');
}
