import { readFile } from 'node:fs/promises';
import { createInterface, type Interface } from 'node:readline';
import {
  InstanceServiceService as Instances,
  type LinkInstanceResponse,
} from '../../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import { type Api, isServiceError } from '../client/client.js';
import { failureText } from '../texts/errors.js';

/** How a person at this command answers for a passkey. */
export type PasskeyAnswers = {
  /** Takes in what happened, and has it answered if it is to be. */
  happened(event: LinkInstanceResponse['event']): void;
  close(): void;
};

/** Where answers come from, and where they go. */
type Options = {
  readonly api: Api;
  readonly name: string;
  readonly input: NodeJS.ReadableStream;
  /** Holds the assertion, in place of a line of the input. */
  readonly file: string | undefined;
  /** Somebody said that the codes differ. */
  readonly refused: () => void;
  readonly warn: (text: string) => void;
};

/** What has to be answered. */
type Wanted = Extract<LinkInstanceResponse['event'], { $case: 'passkeyRequest' | 'passkeyConfirmation' }>;
const isWanted = (event: LinkInstanceResponse['event']): event is Wanted =>
  event?.$case === 'passkeyRequest' || (event?.$case === 'passkeyConfirmation' && event.value.mustConfirm);

/** How often the file is looked at. */
const LOOK_MS = 500;

/** Reads answers from the input, from the moment when one is wanted, and from the file. */
export function passkeyAnswers({ api, name, input, file, refused, warn }: Options): PasskeyAnswers {
  let wanted: Wanted | undefined;
  let lines: Interface | undefined;
  let looking: NodeJS.Timeout | undefined;
  let tried = '';

  /** Waits for a call that answers. A mistake can be made good until the attempt ends, so it is only told. */
  async function answered(call: Promise<unknown>) {
    const answering = wanted;
    try {
      await call;
      if (wanted === answering) wanted = undefined;
    } catch (error) {
      if (!isServiceError(error)) throw error;
      warn(failureText(error, api.address));
    }
  }
  const submit = (assertionJson: string) =>
    answered(api.call(Instances.submitPasskeyAssertion, { instance: name, assertionJson }));

  async function read(line: string) {
    if (line === '' || !wanted) return;
    if (wanted.$case === 'passkeyRequest') await submit(line);
    else if (/^no?$/i.test(line)) refused();
    else if (/^y(es)?$/i.test(line))
      await answered(api.call(Instances.confirmPasskeyCode, { instance: name, code: wanted.value.code }));
    else warn('Type yes or no.');
  }

  function listen() {
    if (lines) return;
    lines = createInterface({ input });
    lines.on('line', line => void read(line.trim()));
    lines.on(
      'close',
      () => wanted && warn('Standard input has ended: no answer can come from here any more.'),
    );
  }

  async function look(path: string) {
    const text = await readFile(path, 'utf8').then(
      found => found.trim(),
      () => '', // Not there yet.
    );
    if (text !== '' && text !== tried && wanted?.$case === 'passkeyRequest') {
      tried = text;
      await submit(text);
    }
    if (wanted?.$case === 'passkeyRequest') looking = setTimeout(() => void look(path), LOOK_MS);
  }

  return {
    happened(event) {
      clearTimeout(looking);
      wanted = isWanted(event) ? event : undefined;
      if (wanted?.$case === 'passkeyRequest' && file !== undefined) {
        tried = '';
        void look(file);
      } else if (wanted) listen();
    },
    close() {
      wanted = undefined;
      clearTimeout(looking);
      lines?.close();
    },
  };
}
