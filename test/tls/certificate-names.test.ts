import { X509Certificate } from 'node:crypto';
import { expect, test } from 'vitest';
import { certificateNames } from '../../src/tls/certificate-names.js';
import { otherCertificate } from '../support/certificate.js';

const namesIn = (subjectaltname: string, CN = '') =>
  certificateNames({ subject: { CN } as never, subjectaltname });

test('the names of a certificate are its SANs and its CN', () => {
  const { subject, subjectaltname } = new X509Certificate(otherCertificate('desk').cert).toLegacyObject();
  expect(certificateNames({ subject, ...(subjectaltname !== undefined && { subjectaltname }) })).toEqual([
    'spiffe://example.com/desk',
    'desk.internal',
    'desk.example.com',
  ]);
});

test('a SAN that is written so as to look like several is one', () => {
  expect(namesIn('DNS:"a.example.com, DNS:boss.example.com", DNS:b.example.com')).toEqual([
    'a.example.com, DNS:boss.example.com',
    'b.example.com',
    '',
  ]);
  expect(namesIn('othername:UPN:"a, DNS:boss.example.com", email:a@example.com')).not.toContain(
    'boss.example.com',
  );
  expect(namesIn('URI:"spiffe://\\u0022a"')).toContain('spiffe://"a');
});

test('addresses are no names', () => {
  expect(namesIn('IP Address:192.0.2.1, DNS:a.example.com', 'cn')).toEqual(['a.example.com', 'cn']);
});

test('a subject with several CNs has them all, and one without has none', () => {
  expect(certificateNames({ subject: { CN: ['a', 'b'] } as never })).toEqual(['a', 'b']);
  expect(certificateNames({ subject: {} as never })).toEqual([]);
});
