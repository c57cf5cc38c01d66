import type { BinaryNode } from '../wire/stanza.js';

/** When in the handling of an IQ something happens. */
export type Moment = 'before_apply' | 'after_apply' | 'after_reply';

/** Replies that are not what a server should answer. `confirm` says applied although nothing was. */
export type Lie =
  | 'confirm'
  | 'wrong_name'
  | 'other_value'
  | 'unknown_value'
  | 'two_categories'
  | 'empty'
  | 'no_privacy'
  | 'text';

/** Frames that are no stanzas; a `bomb` of 1 MB inflates to 1 GB, an `overlong` one has 8 MB. */
export type Garbage = 'undecodable' | 'undecryptable' | 'bomb' | 'overlong';

/** What happens in place of the usual. `applied` says whether a set takes effect all the same. */
export type Effect =
  /** An error stanza; without a code `type="error"` and no `<error>`. */
  | { readonly do: 'refuse'; readonly code?: number; readonly text?: string; readonly applied?: boolean }
  /** An error inside a successful reply: of a category (`category` names it in the reply to a get), list, timer or look-up. */
  | {
      readonly do: 'refuse_category';
      readonly code: number;
      readonly text?: string;
      readonly category?: string;
      readonly applied?: boolean;
    }
  | { readonly do: 'lie'; readonly lie: Lie; readonly applied?: boolean }
  /** Any reply at all, under the id of the request. */
  | { readonly do: 'reply'; readonly stanza: BinaryNode; readonly applied?: boolean }
  /** `silence` answers nothing more to this stanza; `half_open` neither reads nor writes again. */
  | {
      readonly do: 'silence' | 'close' | 'reset' | 'half_open' | Garbage;
      readonly moment?: Moment;
    }
  /** The phone changes settings, or the contacts a category excepts, at that moment; otherwise the usual. */
  | {
      readonly do: 'phone';
      readonly settings?: Readonly<Record<string, string>>;
      readonly contacts?: Readonly<Record<string, readonly string[]>>;
      readonly moment?: Moment;
    }
  /** Waits that long, but no longer than until the device logs in again; later stanzas overtake this one. */
  | { readonly do: 'delay'; readonly ms: number; readonly moment?: Moment }
  /**
   * Takes effect only after that long, or just before the device logs in again. The answer does not wait for it: it is
   * this error at once, or never comes.
   */
  | { readonly do: 'late'; readonly ms: number; readonly code?: number }
  /** `conflict` is the type of a `<conflict>` child: `replaced`, `device_removed`. */
  | {
      readonly do: 'stream_error';
      readonly code?: number;
      readonly conflict?: string;
      readonly moment?: Moment;
    }
  /** Any stanza at all; then the usual, nothing more, or the end of the connection. */
  | {
      readonly do: 'send';
      readonly stanza: BinaryNode;
      readonly next?: 'go_on' | 'stop' | 'close';
      readonly moment?: Moment;
    }
  /** `<failure>` at registration or login; `code` and `expire` (seconds) as in a temporary ban. */
  | { readonly do: 'failure'; readonly reason?: number; readonly code?: number; readonly expire?: number }
  /** The answer to the WebSocket upgrade. */
  | { readonly do: 'http'; readonly status: number }
  /** The reply and a server ping in one WebSocket message. */
  | { readonly do: 'two_in_one' };

/** Which stanza or stage a fault is for. */
export type FaultMatch = {
  /**
   * `upgrade`, `hello`, `registration`, `login` are the stages of a connection; the rest are IQs, `iq` any,
   * `privacy_get` a read of the settings, `list_get` one of a contact list, `privacy_set` a change of either.
   * Effects at a stage: close, reset, silence; at upgrade also http; at hello also undecodable; at registration
   * and login also failure, stream_error, half_open, delay, send.
   */
  readonly on:
    | 'upgrade'
    | 'hello'
    | 'registration'
    | 'login'
    | 'iq'
    | 'privacy_get'
    | 'list_get'
    | 'privacy_set'
    | 'ping';
  /** Of a privacy set or of the read of a contact list. */
  readonly category?: string;
  /** Of an IQ. */
  readonly xmlns?: string;
  readonly type?: 'get' | 'set';
  /** The tag of the first element in an IQ. */
  readonly child?: string;
  /** Only for this account; an unregistered connection has none. */
  readonly phoneNumber?: string;
};

export type Fault = {
  readonly match: FaultMatch;
  readonly effect: Effect;
  /** How often; 1 when not said, Infinity for always. */
  readonly times?: number;
  /** How many matching stanzas pass first. */
  readonly after?: number;
};

/** A fault in force. */
export type InjectedFault = {
  readonly id: number;
  readonly fault: Fault;
  /** How often it happened. */
  hits(): number;
  remove(): void;
};

/** What is about to be handled. */
export type Point = {
  readonly stage: 'upgrade' | 'hello' | 'registration' | 'login' | 'iq';
  readonly xmlns?: string | undefined;
  readonly type?: string | undefined;
  readonly child?: string | undefined;
  readonly categories?: readonly string[];
  /** Whether it asks for a contact list. */
  readonly isListRead?: boolean;
  readonly phoneNumber?: string | undefined;
};

export type Faults = {
  readonly inject: (fault: Fault) => InjectedFault;
  readonly list: () => InjectedFault[];
  readonly clear: () => void;
  /** The effect of the first fault that is due here, which is thereby used up once. */
  readonly take: (point: Point) => Effect | undefined;
};

export function faultBox(): Faults {
  type Armed = InjectedFault & { skip: number; left: number; count: number };
  let armed: Armed[] = [];
  let nextId = 1;
  return {
    inject(fault) {
      const entry: Armed = {
        id: nextId++,
        fault,
        skip: fault.after ?? 0,
        left: fault.times ?? 1,
        count: 0,
        hits: () => entry.count,
        remove: () => {
          armed = armed.filter(other => other !== entry);
        },
      };
      armed.push(entry);
      return entry;
    },
    list: () => [...armed],
    clear() {
      armed = [];
    },
    take(point) {
      let due: Armed | undefined;
      for (const entry of armed.filter(({ fault }) => isMatch(fault.match, point))) {
        if (entry.skip > 0) entry.skip--;
        else due ??= entry;
      }
      if (!due) return undefined;
      due.count++;
      if (--due.left <= 0) due.remove();
      return due.fault.effect;
    },
  };
}

function isMatch(match: FaultMatch, point: Point): boolean {
  const kind: Partial<Record<FaultMatch['on'], boolean>> = {
    iq: point.stage === 'iq',
    privacy_get: point.xmlns === 'privacy' && point.type === 'get' && !point.isListRead,
    list_get: point.isListRead ?? false,
    privacy_set: point.xmlns === 'privacy' && point.type === 'set',
    ping: point.xmlns === 'w:p',
  };
  return (
    (kind[match.on] ?? point.stage === match.on) &&
    (match.xmlns === undefined || match.xmlns === point.xmlns) &&
    (match.type === undefined || match.type === point.type) &&
    (match.child === undefined || match.child === point.child) &&
    (match.category === undefined || (point.categories ?? []).includes(match.category)) &&
    (match.phoneNumber === undefined || match.phoneNumber.replace(/^\+/, '') === point.phoneNumber)
  );
}
