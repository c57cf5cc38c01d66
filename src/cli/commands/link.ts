import type { Command } from 'commander';
import {
  InstanceServiceService,
  type LinkInstanceRequest,
  LinkInstanceResponse,
  ReconnectInstanceResponse,
  UnlinkInstanceResponse,
} from '../../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import { clientCommand, type Run } from '../client/client-command.js';
import { isCode, linkScreen } from '../linking/link-screen.js';
import { passkeyAnswers } from '../linking/passkey-answers.js';
import { confirmationText, requestText } from '../linking/passkey-text.js';
import { plain, toJson } from '../terminal/output.js';
import { instanceText } from '../texts/instance-text.js';

type LinkFlags = {
  readonly code?: string;
  readonly passkey: boolean;
  readonly passkeyFile?: string;
  readonly compareCode?: true;
};

/** Adds `link`, `unlink` and `reconnect`. */
export function addLinkCommands(program: Command): void {
  clientCommand<LinkFlags>(
    program,
    'link <name>',
    'Link an account: show QR codes until the phone has scanned one',
    link,
  )
    .option('--code <phone-number>', 'show a code to type on this phone, +15550100123, in place of a QR code')
    .option(
      '--passkey-file <path>',
      'take the answer for a passkey from this file, once it is there, in place of standard input',
    )
    .option('--compare-code', 'link with a passkey only after you said that the phone shows the same code')
    .option('--no-passkey', 'end at once when the account is linked only with its passkey');
  clientCommand(program, 'unlink <name>', 'End the link of an instance', unlink);
  clientCommand(
    program,
    'reconnect <name>',
    'Connect an instance now; one that is logged out or suspended is tried once with its old link',
    reconnect,
  );
}

/** On a terminal the code is drawn and redrawn in place; elsewhere each is a line. */
async function link({ api, output, args: [name = ''], flags }: Run<LinkFlags>) {
  const screen = output.terminal ? linkScreen(process.stdout) : undefined;
  const over = new AbortController();
  const answers = passkeyAnswers({
    api,
    name,
    input: process.stdin,
    file: flags.passkeyFile,
    refused: () => over.abort(),
    warn: text => void process.stderr.write(`${text}\n`),
  });
  try {
    const passkey = flags.passkey ? { compareCode: flags.compareCode ?? false } : undefined;
    const request = { instance: name, method: methodOf(flags), passkey };
    for await (const response of api.stream(InstanceServiceService.linkInstance, request, over.signal)) {
      const { event } = response;
      if (screen && isCode(event)) await screen.show(event);
      else {
        screen?.close();
        output.print(toJson(LinkInstanceResponse, response), () => eventText(event, flags));
      }
      answers.happened(event);
    }
  } finally {
    answers.close();
    screen?.close();
  }
}

function eventText(event: LinkInstanceResponse['event'], { passkeyFile }: LinkFlags): string {
  switch (event?.$case) {
    case 'qrCode':
      return plain(event.value.payload);
    case 'pairingCode':
      return plain(event.value.code);
    case 'passkeyRequest':
      return requestText(event.value, passkeyFile);
    case 'passkeyConfirmation':
      return confirmationText(event.value);
    case 'linked':
      return instanceText(event.value);
    case undefined:
      return 'an event that this version does not know';
  }
}

const methodOf = ({ code }: LinkFlags): LinkInstanceRequest['method'] =>
  code === undefined ? { $case: 'qr', value: {} } : { $case: 'pairingCode', value: { phoneNumber: code } };

async function unlink({ api, output, args: [name = ''] }: Run<object>) {
  const call = api.call(InstanceServiceService.unlinkInstance, { instance: name });
  const response = await output.progress('Unlinking', call);
  output.print(toJson(UnlinkInstanceResponse, response), () => instanceText(response.instance));
}

async function reconnect({ api, output, args: [name = ''] }: Run<object>) {
  const call = api.call(InstanceServiceService.reconnectInstance, { instance: name });
  const response = await output.progress('Connecting', call);
  output.print(toJson(ReconnectInstanceResponse, response), () => instanceText(response.instance));
}
