import type { PeerCertificate } from 'node:tls';

/** What names somebody; other types are addresses and numbers. */
const TYPES: readonly (string | undefined)[] = ['DNS', 'URI', 'email'];
/**
 * One entry of Node's text of all SANs. A value, or a part of one, that could be taken for several, stands there as
 * JSON (CVE-2021-44532), so that a comma in quotes ends nothing.
 */
const ENTRY = /([^:,"]+):((?:"(?:[^"\\]|\\.)*"|[^",])*)(?:, |$)/gy;

/** The names of a certificate: its SANs of the types DNS, URI and email, and the CN of its subject. */
export function certificateNames({
  subject,
  subjectaltname = '',
}: Pick<PeerCertificate, 'subject' | 'subjectaltname'>): readonly string[] {
  const alternatives = [...subjectaltname.matchAll(ENTRY)].flatMap(([, type, value = '']) =>
    TYPES.includes(type) ? [unquoted(value)] : [],
  );
  return [...alternatives, ...[subject.CN ?? []].flat()];
}

const unquoted = (value: string): string => (value.startsWith('"') ? String(JSON.parse(value)) : value);
