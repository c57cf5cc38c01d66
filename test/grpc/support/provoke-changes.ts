import { randomUUID } from 'node:crypto';
import {
  ContactBlacklistSetting,
  PrivacyServiceService,
} from '../../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import type { Effect } from '../../../src/simulator/index.js';
import type { Desk } from '../../support/desk.js';
import type { Service } from '../../support/service.js';
import { CONTACT } from './rows.js';
import type { Provoke } from './stage.js';

const GROUPS_BY_CONTACTS = { permissions: { groupAdd: 2 } };
const FORBIDDEN: Effect = { do: 'refuse_category', code: 403, text: 'forbidden' };

/** WhatsApp does this with every change of last seen of the account. */
const whenHiding = ({ simulator }: Service, { phone: { phoneNumber } }: Desk, effect: Effect) =>
  void simulator.inject({
    match: { on: 'privacy_set', category: 'last', phoneNumber },
    effect,
    times: Infinity,
  });

/** Both calls carry one request_id, and the second has another body. */
export const sentAgainWith =
  (fields: object): Provoke =>
  async ({ call, another, token }, { method, request }) => {
    const { instance } = await another('well');
    const first = { ...request(instance, await token()), requestId: randomUUID() };
    await call(method, first);
    return call(method, { ...first, ...fields });
  };

/** The list is changed between its first page and its second. */
export const betweenTwoPages: Provoke = async ({ service, call, another }, { method, request }) => {
  const { instance, phone } = await another('well');
  phone.exceptContacts('last', ['+15550100911', '+15550100912']);
  const first = await call(method, { ...request(instance, ''), pageSize: 1 });
  const { nextPageToken: pageToken } = first.responses[0] as { nextPageToken: string };
  await service.client.call(PrivacyServiceService.updateContactBlacklist, {
    instance,
    setting: ContactBlacklistSetting.LAST_SEEN,
    entriesToAdd: [{ id: { $case: 'phoneNumber', value: CONTACT } }],
  });
  return call(method, { ...request(instance, ''), pageToken });
};

/** WhatsApp always says that the list is another by now. */
export const staleStamp =
  (fields: object = {}): Provoke =>
  async ({ service, call, another }, { method, request }) => {
    const desk = await another('well');
    whenHiding(service, desk, { do: 'refuse_category', code: 409, text: 'conflict' });
    return call(method, { ...request(desk.instance, ''), ...fields });
  };

/** One is refused. */
export const oneOfTwoSettings: Provoke = async ({ service, call, another }, { method, request }) => {
  const desk = await another('well');
  whenHiding(service, desk, FORBIDDEN);
  return call(method, { ...request(desk.instance, ''), ...GROUPS_BY_CONTACTS });
};

/** One has no account. */
export const oneOfTwoInstances: Provoke = async ({ call, instance, unlinked }, { method, request }) => {
  const instances = [(await instance('well')).instance, await unlinked()];
  return call(method, { ...request('', ''), instances });
};

/** WhatsApp says that it was done, and cannot be asked whether it was. */
export const confirmedAndDenied: Provoke = async ({ service, call, another }, { method, request }) => {
  const desk = await another('well');
  const { phoneNumber } = desk.phone;
  whenHiding(service, desk, { do: 'lie', lie: 'confirm' });
  service.simulator.inject({
    match: { on: 'privacy_get', phoneNumber },
    effect: { do: 'refuse', code: 503 },
    after: 1,
    times: Infinity,
  });
  return call(method, request(desk.instance, ''));
};
