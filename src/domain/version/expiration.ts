/** When WhatsApp will refuse a version, as it announced it. */
export type Expiration = { readonly revision: number; readonly time: Date };

const LEAST_NOTICE_MS = 3 * 24 * 60 * 60 * 1000;
/** A time that is past is told again at every login; to store it each time anew would tell nobody anything. */
const SAME_MS = 60 * 60 * 1000;

/**
 * What holds after an announcement, as WhatsApp Web takes it (whatsapp-rust #1314): only an earlier time counts, it
 * leaves three days at least, and an announcement without a time withdraws the one before.
 *
 * @param told Undefined for none.
 */
export function expirationAfter(
  held: Expiration | undefined,
  revision: number,
  told: Date | undefined,
  now: Date,
): Expiration | undefined {
  const present = held?.revision === revision ? held : undefined;
  if (!told) return undefined;
  if (present && told >= present.time) return present;
  const time = new Date(Math.max(told.getTime(), now.getTime() + LEAST_NOTICE_MS));
  const isSame = present && Math.abs(time.getTime() - present.time.getTime()) < SAME_MS;
  return isSame ? present : { revision, time };
}
