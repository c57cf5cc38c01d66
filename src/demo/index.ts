import {
  CreateInstanceResponse,
  Instance,
  InstanceServiceService as Instances,
} from '../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import {
  ApplyPrivacySettingsResponse,
  GetPrivacySettingsResponse,
  OnFailure,
  PrivacyServiceService as Privacy,
  UpdatePrivacySettingsResponse,
  WatchPrivacySettingsResponse,
} from '../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import { isServiceError } from '../cli/client/client.js';
import { eventText } from '../cli/commands/watch.js';
import { createOutput, toJson } from '../cli/terminal/output.js';
import { failureJson, failureText } from '../cli/texts/errors.js';
import { encodeSettings } from '../cli/texts/setting-values.js';
import { outcomesTable, settingsText } from '../cli/texts/settings-text.js';
import { endSignal } from '../end-signal.js';
import { parseAssignments } from '../input/assignments.js';
import { UsageError } from '../input/usage-error.js';
import { applyPreset, endsTable, linkMore, watchPhone } from './fleet.js';
import { scan } from './scan.js';
import { demoOfNodes } from './several-nodes.js';
import { type Stage, setStage } from './stage.js';

const INSTANCE = 'support-desk';
const SEVEN = [
  'last_seen=contacts',
  'status=contacts',
  'profile=contact_blacklist',
  'online=match_last_seen',
  'read_receipts=none',
  'call_add=known',
  'group_add=contacts',
];

/** The flags of `demo`. */
export type DemoFlags = {
  readonly keep?: boolean;
  readonly json?: boolean;
  readonly nodes?: string;
  readonly database?: string;
};

/** Shows the service at work on a simulated account, every step through its gRPC API. */
export async function demo({ keep = false, json = false, nodes, database }: DemoFlags): Promise<void> {
  if (nodes === undefined && database === undefined) return demoOfOne({ keep, json });
  if (keep || !/^[2-9]$/.test(nodes ?? ''))
    throw new UsageError(['--nodes: must be 2 to 9; --database goes with it, --keep does not']);
  await demoOfNodes({ count: Number(nodes), database, json });
}

async function demoOfOne({ keep, json }: { keep: boolean; json: boolean }): Promise<void> {
  const output = createOutput(json);
  const stage = await setStage();
  const { api, simulator, takeStanzas } = stage;

  /** Prints a step: what was called, what came back, and what it cost at WhatsApp. */
  function show(step: string, document: unknown, text: string) {
    const stanzas = takeStanzas();
    const { reads, changes } = stanzas;
    output.print({ step, result: document, stanzas }, () =>
      [
        `\n▸ ${step}`,
        text,
        `  stanzas to WhatsApp: ${reads + changes} (${changes} changes, ${reads} reads)`,
      ].join('\n'),
    );
  }
  const update = async (step: string, assignments: string[]) => {
    const request = {
      ...Privacy.updatePrivacySettings.requestDeserialize(Buffer.of()),
      instance: INSTANCE,
      onFailure: OnFailure.STOP,
      ...encodeSettings(parseAssignments(assignments)),
    };
    const response = await output.progress(step, api.call(Privacy.updatePrivacySettings, request));
    show(step, toJson(UpdatePrivacySettingsResponse, response), outcomesTable(response.outcomes));
  };

  try {
    const created = await api.call(Instances.createInstance, {
      name: INSTANCE,
      displayName: '',
      connectionMode: 0,
      presence: 0,
      requestId: '',
      proxy: '',
      labels: {},
    });
    show(
      'CreateInstance',
      CreateInstanceResponse.toJSON({ ...created, secret: '' }),
      `  ${INSTANCE}, with a token of its own`,
    );

    const linked = await output.progress('Linking', scan(api, INSTANCE, stage.phone));
    show(
      'LinkInstance: the phone scans the QR code',
      Instance.toJSON(linked),
      `  linked ${linked.maskedPhoneNumber}`,
    );

    const request = { instance: INSTANCE, maxAge: undefined };
    const read = await api.call(Privacy.getPrivacySettings, request);
    show(
      'GetPrivacySettings',
      toJson(GetPrivacySettingsResponse, read),
      read.settings ? settingsText(read.settings) : '  no settings',
    );

    await update('UpdatePrivacySettings: seven settings', SEVEN);
    await update('UpdatePrivacySettings: the same again', SEVEN);

    simulator.inject({
      match: { on: 'privacy_set', category: 'groupadd' },
      effect: { do: 'refuse_category', code: 403, text: 'forbidden' },
    });
    const step = 'UpdatePrivacySettings: WhatsApp refuses one of two settings';
    await update(step, ['last_seen=none', 'group_add=contact_blacklist']).catch((error: unknown) => {
      if (!isServiceError(error)) throw error;
      show(step, failureJson(error), failureText(error, api.address));
    });

    const watched = await output.progress('Watching', watchPhone(stage, INSTANCE));
    show(
      'WatchPrivacySettings: the phone changes a setting',
      watched.map(event => toJson(WatchPrivacySettingsResponse, event)),
      watched.map(event => `  ${eventText(event)}`).join('\n'),
    );

    const others = await output.progress('Linking two more', linkMore(stage));
    takeStanzas();
    const ends = await output.progress('Applying', applyPreset(stage, [INSTANCE, ...others]));
    show(
      'ApplyPrivacySettings: the preset "restrictive" on three instances',
      ends.map(end => toJson(ApplyPrivacySettingsResponse, end)),
      endsTable(ends),
    );

    if (keep) await stayUp(stage, json);
  } finally {
    await stage.clear();
  }
}

async function stayUp({ api, token, simulator }: Stage, json: boolean): Promise<void> {
  const call = [
    'npx @bufbuild/buf curl --http2-prior-knowledge --protocol grpc',
    `-H 'authorization: Bearer ${token}'`,
    `-d '{"instance": "${INSTANCE}"}'`,
    `http://${api.address}/${Privacy.getPrivacySettings.path.slice(1)}`,
  ];
  if (!json) {
    console.log(`\n▸ Still up (Ctrl-C ends it). WhatsApp is simulated at ${simulator.url}. Try:\n`);
    console.log(`${call.join(' \\\n  ')}\n`);
  }
  await endSignal();
}
