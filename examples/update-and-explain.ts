// Changes three settings of one instance and tells what became of each. WhatsApp takes one setting at a time, so an
// update can fail half way: the error then says how far it came.
//
//   WA_PRIVACY_TOKEN=… node dist/examples/update-and-explain.js support-desk
import { randomUUID } from 'node:crypto';
import { credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import {
  CallAddPermission,
  ErrorReason,
  GroupAddPermission,
  LastSeenVisibility,
  outcomesOf,
  PrivacyServiceClient,
  PrivacySetting,
  reasonOf,
  retryDelayMsOf,
  type SettingOutcome,
  SettingOutcome_State as State,
  UpdatePrivacySettingsRequest,
  type UpdatePrivacySettingsResponse,
} from 'wa-privacy/client';

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
function explain(error: ServiceError): string[] {
  const outcomes = outcomesOf(error);
  const open = outcomes.filter(({ state }) => !AS_ASKED.includes(state));
  const delayMs = retryDelayMsOf(error);
  return [
    `${status[error.code]} ${reasonOf(error) ?? ''}: ${error.details}`,
    ...outcomes.map(told),
    ...(open.length > 0
      ? [`still open: ${open.map(({ setting }) => PrivacySetting[setting]).join(', ')}`]
      : []),
    ...(delayMs === undefined ? [] : [`call again in ${delayMs / 1000} s`]),
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
