import { wallMs } from '../../domain/time/wall-time.js';

/** One login of a device. */
export type SessionRecord = {
  readonly connection: number;
  readonly device: number;
  /** The path and query that the client asked for, by which tests tell clients apart. */
  readonly target: string;
  readonly from: number;
  /** When a newer login of the device took its place: the server has told it so, and takes it for the device no more. */
  replaced: number | undefined;
  /** When its connection was gone. */
  until: number | undefined;
};

/** The logins of each account, oldest first: the witness for who was connected, and when. */
export type SessionLog = {
  /** Notes a login, which takes the place of the device's sessions that go on; the result notes its end. */
  readonly begin: (
    phoneNumber: string,
    session: Pick<SessionRecord, 'connection' | 'device' | 'target'>,
  ) => () => void;
  readonly of: (phoneNumber: string) => readonly SessionRecord[];
};

/** Keeps the last of an account only, so that a long run does not fill the memory. */
const MAX_SESSIONS = 10_000;

export function sessionLog(): SessionLog {
  const accounts = new Map<string, SessionRecord[]>();
  const sessionsOf = (phoneNumber: string) => {
    const known = accounts.get(phoneNumber) ?? [];
    accounts.set(phoneNumber, known);
    return known;
  };
  return {
    begin(phoneNumber, login) {
      const sessions = sessionsOf(phoneNumber);
      const session: SessionRecord = { ...login, from: wallMs(), replaced: undefined, until: undefined };
      for (const older of sessions)
        if (older.device === session.device && older.until === undefined) older.replaced ??= session.from;
      sessions.push(session);
      if (sessions.length > MAX_SESSIONS) sessions.splice(0, MAX_SESSIONS / 10);
      return () => {
        session.until = wallMs();
      };
    },
    of: sessionsOf,
  };
}
