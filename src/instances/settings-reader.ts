import type { Snapshot } from '../domain/snapshot.js';
import type { ReadReply, Session } from './ports.js';

/**
 * What WhatsApp last reported of one account, and whether that still holds. A snapshot is current as long as the
 * connection it came over lives, no push announced a change and nothing was sent since its read left.
 */
export interface SettingsReader {
  /** The current snapshot when it was observed within `maxAgeMs`, else undefined. */
  current(session: Session, maxAgeMs: number): Snapshot | undefined;
  /** Reads, sharing the IQ with a read under way that is not older than the last change. */
  readShared(session: Session, timeoutMs: number): Promise<ReadReply>;
  /** Reads with an IQ of its own, which leaves now. */
  read(session: Session, timeoutMs: number): Promise<ReadReply>;
  /** The settings may have changed: nothing read before this moment is current. */
  invalidate(): void;
}

/** Reads the settings of one account. */
export function settingsReader(): SettingsReader {
  let generation = 0;
  let latest: { session: Session; generation: number; snapshot: Snapshot } | undefined;
  let underWay: { session: Session; generation: number; reply: Promise<ReadReply> } | undefined;

  const isCurrent = (from: { session: Session; generation: number } | undefined, session: Session) =>
    from?.session === session && from.generation === generation;

  async function read(session: Session, timeoutMs: number): Promise<ReadReply> {
    const sentAt = generation;
    const reply = await session.readPrivacy(timeoutMs);
    if (reply.kind === 'read' && sentAt === generation)
      latest = { session, generation, snapshot: reply.snapshot };
    return reply;
  }

  return {
    read,
    current(session, maxAgeMs) {
      if (!latest || !isCurrent(latest, session)) return undefined;
      return Date.now() - latest.snapshot.observedAt.getTime() <= maxAgeMs ? latest.snapshot : undefined;
    },
    readShared(session, timeoutMs) {
      if (underWay && isCurrent(underWay, session)) return underWay.reply;
      const shared = { session, generation, reply: read(session, timeoutMs) };
      underWay = shared;
      void shared.reply.finally(() => {
        if (underWay === shared) underWay = undefined;
      });
      return shared.reply;
    },
    invalidate() {
      generation++;
    },
  };
}
