import { isIPv4 } from 'node:net';

/** Whether the host, an IPv6 one without brackets, is this machine and nothing else. */
export const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'));
