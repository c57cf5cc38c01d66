import { z } from 'zod';
import type { Phone } from '../phone/phone.js';
import type { Simulator } from '../serving/simulator.js';
import type { InjectedFault } from '../world/faults.js';
import {
  behaviourSchema,
  faultSchema,
  newAccountSchema,
  newPersonSchema,
  stanzaQuerySchema,
  stanzaSchema,
} from './control-schemas.js';

const scan = z.object({ qr: z.string() });
const code = z.object({ code: z.string() });
const assertion = z.object({ options: z.string(), origin: z.url().optional() });
const value = z.object({ value: z.string() });
const contacts = z.object({ contacts: z.array(z.string()) });
const timer = z.object({ duration: z.int().nonnegative() });
const drop = z.object({ how: z.enum(['close', 'reset', 'half_open']) });
const streamError = z.object({ code: z.int().optional(), conflict: z.string().optional() });
const days = z.object({ days: z.number().nonnegative() });
const refresh = z.object({ child: z.enum(['companion_reg_refresh', 'pair-device-rotate-qr']).optional() });

/** Does what a request asks and gives the answer as data; undefined when there is no such route. */
export function route(
  simulator: Simulator,
  method: string,
  path: readonly string[],
  body: unknown,
  query: Record<string, string>,
): unknown {
  const [area, id, ...rest] = path;
  const operation = `${method} ${area ?? ''}`;
  switch (operation) {
    case 'GET ': {
      const { url, rootKey, behaviour } = simulator;
      return { url, rootKey, behaviour, connections: simulator.connections() };
    }
    case 'PATCH behaviour':
      return Object.assign(simulator.behaviour, behaviourSchema.parse(body));
    case 'POST days':
      simulator.passDays(days.parse(body).days);
      return simulator.phones().map(phone => phoneView(simulator, phone));
    case 'POST refresh-link':
      return { clients: simulator.refreshLink(refresh.parse(body).child) };
    case 'POST people':
      return simulator.addPerson(newPersonSchema.parse(body));
    case 'GET faults':
      return simulator.faults().map(faultView);
    case 'POST faults':
      return faultView(simulator.inject(faultSchema.parse(body)));
    case 'DELETE faults':
      for (const fault of simulator.faults()) if (id === undefined || fault.id === Number(id)) fault.remove();
      return simulator.faults().map(faultView);
    case 'GET stanzas':
      return simulator.findStanzas(stanzaQuerySchema.parse(query));
    case 'DELETE stanzas':
      simulator.clearStanzas();
      return [];
    case 'GET phones':
      if (id === undefined) return simulator.phones().map(phone => phoneView(simulator, phone));
      break;
    case 'POST phones':
      if (id === undefined) {
        return phoneView(simulator, simulator.addPhone(newAccountSchema.parse(body)));
      }
      break;
  }
  const phone = area === 'phones' && id !== undefined ? simulator.phone(id) : undefined;
  return phone && phoneRoute(simulator, phone, method, rest, body);
}

function phoneRoute(
  simulator: Simulator,
  phone: Phone,
  method: string,
  [what = '', name = '']: readonly string[],
  body: unknown,
): unknown {
  switch (`${method} ${what}`) {
    case 'GET ':
      return phoneView(simulator, phone);
    case 'GET sets':
      return simulator.sets(phone.phoneNumber);
    case 'POST scan':
      return phone.scan(scan.parse(body).qr);
    case 'POST code':
      return phone.enterCode(code.parse(body).code);
    case 'POST refresh-code':
      return { asked: phone.refreshCode() };
    case 'POST assert-passkey': {
      const { options, origin } = assertion.parse(body);
      return { assertion: phone.assertPasskey(options, origin) };
    }
    case 'POST ask-passkey-again':
      return phone.askPasskeyAgain();
    case 'POST drop':
      phone.dropConnections(drop.parse(body).how);
      return phone.devices();
    case 'POST stream-error': {
      const { code, conflict } = streamError.parse(body);
      phone.streamError(code, conflict);
      return phone.devices();
    }
    case 'POST send':
      phone.send(stanzaSchema.parse(body));
      return phone.devices();
    case 'POST deliver':
      phone.deliver(stanzaSchema.parse(body));
      return phone.owed();
    case 'GET owed':
      return phone.owed();
    case 'PUT settings':
      phone.setPrivacy(name, value.parse(body).value);
      return phone.settings();
    case 'DELETE settings':
      phone.removeCategory(name);
      return phone.settings();
    case 'GET lists':
      return phone.contactList(name);
    case 'PUT lists':
      phone.exceptContacts(name, contacts.parse(body).contacts);
      return phone.contactList(name);
    case 'PUT disappearing-mode':
      phone.setDisappearingMode(timer.parse(body).duration);
      return phoneView(simulator, phone);
    case 'DELETE devices':
      return phone.removeDevice(Number(name)) ? phone.devices() : undefined;
    default:
      return undefined;
  }
}

const phoneView = (simulator: Simulator, phone: Phone) => ({
  phoneNumber: phone.phoneNumber,
  lid: phone.lid,
  settings: phone.settings(),
  disappearingMode: phone.disappearingMode(),
  devices: phone.devices(),
  confirmationCode: phone.confirmationCode(),
  sets: simulator.sets(phone.phoneNumber).length,
});

const faultView = (injected: InjectedFault) => ({
  ...injected.fault,
  id: injected.id,
  hits: injected.hits(),
  times: injected.fault.times === Number.POSITIVE_INFINITY ? 'always' : (injected.fault.times ?? 1),
});
