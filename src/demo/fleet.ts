import { SettingOutcome_State as State } from '../../gen/ts/whatsapp/privacy/v1/errors.js';
import { InstanceServiceService as Instances } from '../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import {
  type ApplyPrivacySettingsResponse as End,
  OnFailure,
  PrivacyServiceService as Privacy,
  type WatchPrivacySettingsResponse,
} from '../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import { table } from '../cli/terminal/output.js';
import { innerErrorText } from '../cli/texts/errors.js';
import { encodeSettings } from '../cli/texts/setting-values.js';
import { wantedValues } from '../input/presets.js';
import { scan } from './scan.js';
import type { Stage } from './stage.js';

const MORE = { 'night-desk': '15550100124', 'sales-desk': '15550100125' };

/** Watches while the phone's owner changes a setting, until that shows. */
export async function watchPhone(
  { api, phone }: Stage,
  instance: string,
): Promise<WatchPrivacySettingsResponse[]> {
  const events: WatchPrivacySettingsResponse[] = [];
  const request = { instances: [instance], heartbeatInterval: undefined, labelSelector: '' };
  for await (const event of api.stream(Privacy.watchPrivacySettings, request)) {
    events.push(event);
    if (event.event?.$case === 'change') break;
    phone.setPrivacy('profile', 'none');
  }
  return events;
}

/** Links two more instances, whose names it gives back. */
export async function linkMore({ api, simulator }: Stage): Promise<string[]> {
  for (const [name, phoneNumber] of Object.entries(MORE)) {
    await api.call(Instances.createInstance, {
      name,
      displayName: '',
      connectionMode: 0,
      presence: 0,
      requestId: '',
      proxy: '',
      labels: {},
    });
    await scan(api, name, simulator.addPhone({ phoneNumber }));
  }
  return Object.keys(MORE);
}

/** Applies a preset to all of them. */
export async function applyPreset({ api }: Stage, instances: string[]): Promise<End[]> {
  const request = {
    instances,
    ...encodeSettings(await wantedValues(['preset=restrictive'], undefined)),
    onFailure: OnFailure.STOP,
    validateOnly: false,
    requestId: '',
    labelSelector: '',
    detached: false,
  };
  return Array.fromAsync(api.stream(Privacy.applyPrivacySettings, request));
}

/** How each instance ended, in the order in which they did. */
export const endsTable = (ends: readonly End[]): string =>
  table(
    ['instance', 'ended', 'settings applied', 'unchanged'],
    ends.map(({ instance, result }) => {
      if (result?.$case !== 'success') return [instance, result ? innerErrorText(result.value) : '', '', ''];
      const count = (state: State) =>
        String(result.value.outcomes.filter(outcome => outcome.state === state).length);
      return [instance, 'OK', count(State.APPLIED), count(State.UNCHANGED)];
    }),
  );
