import type { Generated } from 'kysely';
import type { NodeHold } from '../../domain/disconnect.js';
import type { ChangeKind } from '../../instances/ports/history.js';

/** The tables, as `migrations` make them. Times are epoch milliseconds; `sealed_` columns hold envelopes. */
export type Schema = {
  store_key: {
    id: number;
    /** The store's own data key, under the master key. */
    sealed_key: Buffer;
    /** How often the data was opened. */
    epoch: Generated<number>;
  };
  instance: {
    name: string;
    display_name: string;
    status: 'unlinked' | 'linked' | 'logged_out' | 'suspended' | 'conflict';
    status_reason: string;
    /** Under the store's key, so that it outlives the link; null for none. */
    sealed_phone_number: Buffer | null;
    create_time: number;
    link_time: number | null;
    last_connect_time: number | null;
    retry_time: number | null;
    /** Null for the service's own. */
    connection_mode: 'ALWAYS' | 'ON_DEMAND' | null;
    /** Under the store's key; null for the service's own. */
    sealed_proxy: Buffer | null;
    last_presence_time: number | null;
    /** Null for the service's own. */
    presence: 'NONE' | 'UNAVAILABLE' | 'PULSE' | null;
    /** Counts the changes that callers made to it. */
    revision: number;
    /** Under the store's key; null only where somebody took them away. */
    sealed_labels: Buffer | null;
    /** Tells it from those that had its name before. */
    uid: string;
  };
  /** One row while a link exists; its data key dies with it, and with that every signal key. */
  credential: {
    instance: string;
    /** The link's data key, under the master key. */
    sealed_key: Buffer;
    /** Under the link's data key. */
    sealed_credentials: Buffer;
  };
  signal_key: {
    instance: string;
    /** HMAC of type and id under the data key: ids hold phone numbers. */
    id: Buffer;
    /** Under the link's data key. */
    sealed_value: Buffer;
  };
  token: {
    id: string;
    kind: 'ACCOUNT' | 'INSTANCE' | 'SELECTOR';
    instance: string | null;
    access: 'READ_ONLY' | 'READ_WRITE';
    label: string;
    create_time: number;
    expire_time: number | null;
    last_use_time: number | null;
    digest: Buffer;
    certificate_subject: string | null;
    label_selector: string | null;
    /** Of all the other columns but `last_use_time`, under a key derived from the store's. */
    mac: Buffer | null;
  };
  privacy_change: {
    /** Grows over all; never given twice. */
    id: number;
    kind: ChangeKind;
    /** Empty for none. No reference: the history outlives instances. */
    instance: string;
    instance_uid: string | null;
    time: number;
    actor_token_id: string | null;
    actor_token_label: string | null;
    origin: 'THIS_SERVICE' | 'OTHER_DEVICE' | null;
    request_id: string;
    /** Null, with the columns up to the code, for what is about no setting. */
    setting: string | null;
    old_value: string | null;
    new_value: string | null;
    outcome: string | null;
    whatsapp_code: number | null;
    /** How often it was sent once more after its connection had ended. */
    resends: number;
    /** How it turned out after it was written, and when that came to light. */
    resolved_outcome: string | null;
    resolve_time: number | null;
    /** The entry that turned out as this one says. */
    resolved_id: number | null;
    /** The token it is about; empty for none. */
    token_id: string;
  };
  /** One row; its lock puts the commits that write entries in a row. */
  change_counter: {
    id: number;
    /** The last id that was given. */
    last_id: number;
  };
  answered_request: {
    key: string;
    /** Of which it speaks; null for none. */
    instance: string | null;
    /** Whether it speaks of the instance or of its account. */
    subject: 'instance' | 'account' | null;
    status: 'response' | 'error';
    /** The request's digest and the answer, under the store's key: both may give away phone numbers. */
    sealed_answer: Buffer;
    expire_time: number;
  };
  /** An update of many instances with a request_id. */
  apply: {
    key: string;
    start_time: number;
    /** Null while it runs, and when it was cut off. */
    end_time: number | null;
    expire_time: number;
  };
  apply_result: {
    apply_key: string;
    place: number;
    /** No reference: that it ended is told when the instance is gone. */
    instance: string;
    /** How it ended; null until then. */
    status: 'response' | 'error' | null;
  };
  /** A process that takes part; it lives until its time is over, unless that is put off. */
  node: {
    id: string;
    name: string;
    address: string;
    version: string;
    /** Null for as many as there are. */
    most_instances: number | null;
    is_draining: Generated<0 | 1>;
    start_time: number;
    expire_time: number;
  };
  /** Which node runs an instance; null while none does. */
  lease: {
    instance: string;
    node: string | null;
    epoch: number;
  };
  /** A call that was passed on and has begun. */
  hop: {
    id: string;
    /** No reference: that it had begun is told when the instance is gone. */
    instance: string;
    epoch: number;
    time: number;
  };
  /** Calls that the nodes together let through under one key in one window. */
  permit: {
    key: string;
    window_start: number;
    window_end: number;
    used: number;
  };
  /** What one node at a time does. */
  task: {
    name: string;
    /** Which is at it; null when none is. */
    node: string | null;
    /** When it is to be done next. */
    due_time: number;
  };
  /** What WhatsApp has against the dials of all nodes; at most one row of a kind. */
  hold: {
    kind: NodeHold;
    /** In JSON; without anything secret, as it is also logged. */
    cause: string;
    until: number;
    /** How many of its kind came one after another. */
    count: number;
  };
  /** At most one row. */
  client_version: {
    id: number;
    fetched_revision: number | null;
    fetch_time: number | null;
    /** When one was looked for last, in vain or not. */
    look_time: number | null;
    expiring_revision: number | null;
    expire_time: number | null;
  };
};
