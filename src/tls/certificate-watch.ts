import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { clock } from '../domain/time/clock.js';
import { wallMs } from '../domain/time/wall-time.js';
import { type Certificates, checkCertificates, expiryOf } from './certificates.js';

/** The paths of what `Certificates` holds. */
export type CertificateFiles = {
  readonly cert: string;
  readonly key: string;
  readonly clientCa: string | undefined;
};

/** What the operator is told of certificates. */
export type CertificateLog = {
  certificateReplaced(certificate: { expireTime: Date }): void;
  /** What the files hold cannot be served; what they held before still is. */
  certificateRefused(why: { cause: unknown }): void;
  /** Below 0 days it is over. */
  certificateExpires(certificate: { expireTime: Date; days: number }): void;
};

/** Follows the files of a listener's certificates. */
export type CertificateWatch = {
  /** Reads them now, and says in the log what came of it. */
  reload(): Promise<void>;
  stop(): void;
};

const DAY_MS = 86_400_000;
/** Those that renew by themselves do so 30 days before the end. */
const WARN_DAYS = 21;
/** Files are read and compared: that sees also links that are swapped, as Kubernetes does, and network file systems. */
const LOOK_EVERY_MS = 10_000;

/**
 * Replaces certificates when their files have changed, and warns of those that end. What cannot be served replaces
 * nothing.
 *
 * @param served What is served now.
 * @param serve Lets new connections have other ones.
 */
export function watchCertificates({
  files,
  served,
  serve,
  log,
  everyMs = LOOK_EVERY_MS,
  now = wallMs,
  uptime = clock,
}: {
  files: CertificateFiles;
  served: Certificates;
  serve: (certificates: Certificates) => void;
  log: CertificateLog;
  everyMs?: number;
  now?: () => number;
  uptime?: () => number;
}): CertificateWatch {
  let current = { certificates: served, print: printOf(served) };
  /** Of what was found that is not served, and whether that has been told. */
  let strange: { readonly print: string; readonly isTold: boolean } | undefined;
  let expiryToldAt = -Infinity;

  async function look(isAsked: boolean): Promise<void> {
    const found = await find(files);
    if (found.print === current.print && !isAsked) strange = undefined;
    else replaceBy(found, isAsked);
    tellExpiry();
  }

  function replaceBy(found: Found, isAsked: boolean): void {
    try {
      if ('cause' in found) throw found.cause;
      const { certificates, print } = found;
      checkCertificates(certificates);
      const expireTime = expiryOf(certificates);
      if (print !== current.print && expireTime.getTime() <= now())
        throw new Error(`the certificate ended at ${expireTime.toISOString()}`);
      serve(certificates);
      current = { certificates, print };
      strange = undefined;
      expiryToldAt = -Infinity;
      log.certificateReplaced({ expireTime });
    } catch (cause) {
      const seen = strange?.print === found.print ? strange : undefined;
      // What is seen for the first time may be half written: a certificate whose key is still to come.
      const isToldNow = isAsked || seen?.isTold === false;
      strange = { print: found.print, isTold: isToldNow || seen?.isTold === true };
      if (isToldNow) log.certificateRefused({ cause });
    }
  }

  function tellExpiry(): void {
    if (uptime() - expiryToldAt < DAY_MS) return;
    expiryToldAt = uptime();
    const expireTime = expiryOf(current.certificates);
    const days = Math.floor((expireTime.getTime() - now()) / DAY_MS);
    if (days < WARN_DAYS) log.certificateExpires({ expireTime, days });
  }

  // One look after another: the later one knows more.
  let last = Promise.resolve();
  let looks = 0;
  const lookNext = async (isAsked: boolean) => {
    looks++;
    last = last.then(() => look(isAsked));
    await last;
    looks--;
  };
  tellExpiry();
  const timer = setInterval(() => {
    if (looks === 0) void lookNext(false); // A disk that hangs is not asked again and again.
  }, everyMs).unref();
  return { reload: () => lookNext(true), stop: () => clearInterval(timer) };
}

type Found =
  | { readonly print: string; readonly certificates: Certificates }
  | { readonly print: string; readonly cause: unknown };

async function find({ cert, key, clientCa }: CertificateFiles): Promise<Found> {
  try {
    const certificates = {
      cert: await readFile(cert),
      key: await readFile(key),
      clientCa: clientCa === undefined ? undefined : await readFile(clientCa),
    };
    return { certificates, print: printOf(certificates) };
  } catch (cause) {
    return { cause, print: String(cause) };
  }
}

const printOf = ({ cert, key, clientCa }: Certificates): string => {
  const hash = createHash('sha256');
  for (const pem of [cert, key, clientCa ?? '']) hash.update(pem).update('\0');
  return hash.digest('base64');
};
