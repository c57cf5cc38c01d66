import { Metadata, type MethodDefinition, type StatusObject, status } from '@grpc/grpc-js';
import * as rpc from '../../../gen/ts/google/rpc/error_details.js';
import { Status } from '../../../gen/ts/google/rpc/status.js';
import { PrivacyApplyFailure, PrivacyUpdateFailure } from '../../../gen/ts/whatsapp/privacy/v1/errors.js';
import type { Api } from './api.js';

const DETAILS = {
  'google.rpc.ErrorInfo': rpc.ErrorInfo,
  'google.rpc.RequestInfo': rpc.RequestInfo,
  'google.rpc.BadRequest': rpc.BadRequest,
  'google.rpc.ResourceInfo': rpc.ResourceInfo,
  'google.rpc.PreconditionFailure': rpc.PreconditionFailure,
  'google.rpc.RetryInfo': rpc.RetryInfo,
  'google.rpc.QuotaFailure': rpc.QuotaFailure,
  'whatsapp.privacy.v1.PrivacyUpdateFailure': PrivacyUpdateFailure,
  'whatsapp.privacy.v1.PrivacyApplyFailure': PrivacyApplyFailure,
} as const;

type DetailName = keyof typeof DETAILS;
type Detail<Name extends DetailName> = ReturnType<(typeof DETAILS)[Name]['decode']>;

/** How a call ended, with all it brought. */
export type Ended<Response> = {
  readonly code: keyof typeof status;
  readonly message: string;
  readonly responses: Response[];
  /** Headers and trailers together. */
  readonly metadata: Metadata;
  readonly status: Status | undefined;
  /** The types of the details, in order. */
  readonly detailTypes: string[];
  detail<Name extends DetailName>(name: Name): Detail<Name> | undefined;
  /** What the call was given. */
  readonly deadlineMs: number | undefined;
};

export type CallOptions<Response = unknown> = {
  /** `null` for no token. */
  readonly secret?: string | null;
  readonly metadata?: Readonly<Record<string, string>>;
  /** Told to the service alone, whose answer counts: a client with the same deadline might end the call before it comes. */
  readonly deadlineMs?: number;
  /** Told of each response as it comes. */
  onResponse?(response: Response): void;
};

/**
 * Calls a method, unary or streaming, with an account token that may do everything unless told otherwise. Resolves
 * however the call ends. Fields left out have their default; bytes are sent as they are.
 */
export async function invoke<Request extends object, Response>(
  api: Pick<Api, 'client' | 'secret'>,
  method: MethodDefinition<Request, Response>,
  request: Partial<Request> | Buffer,
  { secret = api.secret, metadata = {}, deadlineMs, onResponse }: CallOptions<Response> = {},
): Promise<Ended<Response>> {
  const sent = new Metadata();
  if (secret !== null) sent.set('authorization', `Bearer ${secret}`);
  for (const [key, value] of Object.entries(metadata)) sent.set(key, value);
  if (deadlineMs !== undefined) sent.set('grpc-timeout', `${deadlineMs}m`);
  const serialize = (value: Partial<Request> | Buffer) =>
    Buffer.isBuffer(value)
      ? value
      : method.requestSerialize({ ...method.requestDeserialize(Buffer.of()), ...value });
  const { path, responseDeserialize } = method;
  const call = api.client.makeServerStreamRequest(path, serialize, responseDeserialize, request, sent);
  const responses: Response[] = [];
  const received = new Metadata();
  call.on('data', (response: Response) => {
    responses.push(response);
    onResponse?.(response);
  });
  call.on('metadata', (headers: Metadata) => received.merge(headers));
  call.on('error', () => {}); // The status tells.
  const ended = await new Promise<StatusObject>(resolve => call.on('status', resolve));
  received.merge(ended.metadata);

  const [bytes] = received.get('grpc-status-details-bin');
  const body = bytes === undefined ? undefined : Status.decode(bytes as Buffer);
  const nameOf = (typeUrl: string) => typeUrl.replace('type.googleapis.com/', '');
  return {
    code: status[ended.code] as keyof typeof status,
    message: ended.details,
    responses,
    metadata: received,
    status: body,
    deadlineMs,
    detailTypes: body?.details.map(({ typeUrl }) => nameOf(typeUrl)) ?? [],
    detail<Name extends DetailName>(name: Name) {
      const found = body?.details.find(({ typeUrl }) => nameOf(typeUrl) === name);
      return found && (DETAILS[name].decode(found.value) as Detail<Name>);
    },
  };
}
