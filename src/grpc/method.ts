import type { ServiceDefinition } from '@grpc/grpc-js';
import type { AccountPermit, Permit } from '../access/permits.js';

/** How long a method may take. */
export type Deadlines = {
  /** However long the caller would wait. */
  readonly maximumMs: number;
  /** Where the caller set no deadline. */
  readonly defaultMs: number;
  /** It ends well when it has lasted as long as it may; others as if their deadline had passed. */
  readonly endsWell?: true;
};

/** No call lasts longer. */
export const LONGEST_CALL_MS = 30 * 60_000;

/** The fields in which requests name instances. */
type InstanceField = 'instance' | 'instances';

/** What holds for every call of a method. */
export type Method = {
  /** `GetPrivacySettings`. */
  readonly name: string;
  /** `whatsapp.privacy.v1.PrivacyService/GetPrivacySettings`. */
  readonly fullName: string;
  readonly permit: Permit;
  /** The field with the instances that the token must cover; `covered` when it is about all that the token covers. */
  readonly about?: InstanceField | 'covered';
  /** The limit that its calls count towards. */
  readonly limit: 'callsPerMinute' | 'createsPerMinute' | 'batchCreatesPerHour';
  readonly deadlines: Deadlines;
  /** Its update has one outcome, which only PARTIAL_UPDATE does not say by itself. */
  readonly hasOneOutcome: boolean;
  /** Why an instance cannot be used is told in the origin's one sentence. */
  readonly keepsOriginWords: boolean;
};

/** What the table says of a method; the rest is usual, or true of its whole service. */
type Row = Pick<Method, 'permit' | 'about'> & Partial<Pick<Method, 'limit' | 'deadlines' | 'hasOneOutcome'>>;

type RequestOf<Rpc> = Rpc extends { requestDeserialize: (bytes: Buffer) => infer Request } ? Request : never;
type FieldOf<Request> = Extract<keyof Request, InstanceField>;

/** A token of the account covers every instance; with another it matters which the request names. */
type RowOfRequest<Request> =
  | { readonly permit: AccountPermit; readonly about?: FieldOf<Request> }
  | { readonly about: [FieldOf<Request>] extends [never] ? 'covered' : FieldOf<Request> };

type RowOf<Rpc> = Row &
  RowOfRequest<RequestOf<Rpc>> &
  (Rpc extends { responseStream: true } ? Pick<Method, 'deadlines'> : unknown);

/** The rows of a service's methods. What has none, or names another field than the request has, does not compile. */
export type Rows<Service> = { readonly [Rpc in keyof Service]: RowOf<Service[Rpc]> };

/** The deadlines of most methods. */
export const USUAL_DEADLINES: Deadlines = { maximumMs: 120_000, defaultMs: 30_000 };

/** What holds where a row says nothing else. */
const USUAL = {
  limit: 'callsPerMinute',
  deadlines: USUAL_DEADLINES,
  hasOneOutcome: false,
} as const;

/** The methods of a service, by path. */
export const methodsOf = <Service extends ServiceDefinition>(
  service: Service,
  rows: Rows<Service>,
  ofService: Pick<Method, 'keepsOriginWords'>,
): [path: string, Method][] =>
  Object.entries(service).map(([key, { path }]) => {
    const [, , name = ''] = path.split('/');
    const row: Row = rows[key as keyof Service];
    return [path, { ...USUAL, ...row, ...ofService, name, fullName: path.slice(1) }];
  });
