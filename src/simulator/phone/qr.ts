/** What a QR says about the companion that shows it. */
export type QrPayload = {
  readonly ref: string;
  readonly noiseKey: Buffer;
  readonly identityKey: Buffer;
  /** As base64, the way it is compared and shown. */
  readonly advSecret: string;
  readonly platform: string | undefined;
};

/**
 * Reads `ref,noise key,identity key,adv secret[,platform]`, with or without the link
 * `https://wa.me/settings/linked_devices#` in front; undefined for any other QR.
 */
export function parseQr(payload: string): QrPayload | undefined {
  const [ref, noise, identity, advSecret, platform] = payload.slice(payload.indexOf('#') + 1).split(',');
  if (!ref || !noise || !identity || !advSecret) return undefined;
  const noiseKey = Buffer.from(noise, 'base64');
  const identityKey = Buffer.from(identity, 'base64');
  const isKey = (key: Buffer) => key.length === 32;
  if (![noiseKey, identityKey, Buffer.from(advSecret, 'base64')].every(isKey)) return undefined;
  return { ref, noiseKey, identityKey, advSecret, platform };
}
