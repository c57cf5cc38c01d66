// Changes three settings of one instance and tells what became of each. WhatsApp takes one setting at a time, so an
// update can fail half way: the error then says how far it came.
//
//   WA_PRIVACY_TOKEN=… node dist/examples/update-and-explain.js support-desk
import { randomUUID } from 'node:crypto';
import { credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { ErrorInfo, RetryInfo } from '../gen/ts/google/rpc/error_details.js';
import { Status } from '../gen/ts/google/rpc/status.js';
import {
  ErrorReason,
  PrivacyUpdateFailure,
  type SettingOutcome,
  SettingOutcome_State as State,
} from '../gen/ts/whatsapp/privacy/v1/errors.js';
import {
  PrivacyServiceClient,
  UpdatePrivacySettingsRequest,
  type UpdatePrivacySettingsResponse,
} from '../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import {
  CallAddPermission,
  GroupAddPermission,
  LastSeenVisibility,
  PrivacySetting,
} from '../gen/ts/whatsapp/privacy/v1/privacy_settings.js';

const [instance = 'support-desk'] = process.argv.slice(2);
const address = process.env['WA_PRIVACY_SERVER'] ?? '127.0.0.1:50051';
const client = new PrivacyServiceClient(address, credentials.createInsecure()); // createSsl() where it serves TLS
const metadata = new Metadata();
metadata.set('authorization', `Bearer ${process.env['WA_PRIVACY_TOKEN']}`);

/** With the same `requestId` it can be sent again after a lost answer: what was sent to WhatsApp is not sent twice. */
const request = UpdatePrivacySettingsRequest.fromPartial({
  instance,
  visibility: { lastSeen: LastSeenVisibility.NONE },
  permissions: { callAdd: CallAddPermission.KNOWN, groupAdd: GroupAddPermission.CONTACTS },
  requestId: randomUUID(),
});

const update = () =>
  new Promise<UpdatePrivacySettingsResponse>((resolve, reject) =>
    client.updatePrivacySettings(request, metadata, (error, response) =>
      error ? reject(error) : resolve(response),
    ),
  );

/** `GROUP_ADD all → contacts: FAILED, WHATSAPP_REJECTED: WhatsApp refused the change (403 forbidden)` */
function told({ setting, state, previousValue, requestedValue, reason, message }: SettingOutcome): string {
  const change = `${PrivacySetting[setting]} ${previousValue || '?'} → ${requestedValue}: ${State[state]}`;
  return reason === ErrorReason.UNSPECIFIED ? change : `${change}, ${ErrorReason[reason]}: ${message}`;
}

const AS_ASKED: readonly State[] = [State.APPLIED, State.UNCHANGED];

/** What the details of a failed call say. Without any it was not the service that answered. */
function explain({ code, details: text, metadata }: ServiceError): string[] {
  const [bytes] = metadata.get('grpc-status-details-bin');
  const { details } = Status.decode(Buffer.isBuffer(bytes) ? bytes : Buffer.of());
  const read = <T>(name: string, type: { decode(value: Buffer): T }): T | undefined => {
    const detail = details.find(({ typeUrl }) => typeUrl.endsWith(`/${name}`));
    return detail && type.decode(detail.value);
  };
  const reason = read('google.rpc.ErrorInfo', ErrorInfo)?.reason ?? '';
  const outcomes = read('whatsapp.privacy.v1.PrivacyUpdateFailure', PrivacyUpdateFailure)?.outcomes ?? [];
  const open = outcomes.filter(({ state }) => !AS_ASKED.includes(state));
  const delay = read('google.rpc.RetryInfo', RetryInfo)?.retryDelay;
  return [
    `${status[code]} ${reason}: ${text}`,
    ...outcomes.map(told),
    ...(open.length > 0
      ? [`still open: ${open.map(({ setting }) => PrivacySetting[setting]).join(', ')}`]
      : []),
    ...(delay ? [`call again in ${Number(delay.seconds) + delay.nanos / 1e9} s`] : []),
  ];
}

try {
  const { outcomes } = await update();
  console.log(['OK', ...outcomes.map(told)].join('\n'));
} catch (error) {
  console.log(explain(error as ServiceError).join('\n'));
  process.exitCode = 1;
}
client.close();
