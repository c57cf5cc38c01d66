import type {
  LinkInstanceResponse_PasskeyConfirmation as Confirmation,
  LinkInstanceResponse_PasskeyRequest as Request,
} from '../../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import { plain } from '../terminal/output.js';

/** What to do about a passkey request, in words and with the code to run. */
export const requestText = (request: Request, file: string | undefined): string =>
  [
    'WhatsApp links this account only with its passkey. Whoever has it:',
    `  1. opens ${plain(request.origin)} in a browser that can use the passkey, and its developer tools (F12), Console;`,
    '  2. pastes this there, and then clicks on the page:',
    '',
    passkeySnippet(request),
    '',
    `  3. ${file === undefined ? 'pastes here the line that the console shows' : `saves the line that the console shows as ${file}`}${until(request.expireTime)}.`,
    'That line is a secret that works once. The account goes to whoever is given it: do this for your own only.',
  ].join('\n');

/**
 * The code for the console of a page of WhatsApp's, which prints the answer in one line. Browsers ask for a passkey only
 * while their page has the focus, and the console has it when code is pasted: hence the click.
 */
export const passkeySnippet = ({ optionsJson }: Pick<Request, 'optionsJson'>): string =>
  `(async options => {
  console.log('Now click on the page.');
  await new Promise(clicked => addEventListener('click', clicked, { once: true }));
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options);
  const credential = await navigator.credentials.get({ publicKey });
  console.log(JSON.stringify(credential.toJSON()));
})(${inOneLine(optionsJson)});`;

/** The code that the phone may show too, and whether somebody has to say so. */
export function confirmationText({ code, mustConfirm }: Confirmation): string {
  const shown = plain(code).replace(/^(.{4})(.{4})$/, '$1-$2');
  return mustConfirm
    ? `The passkey was accepted. The phone must show this code: ${shown}\nDoes it? Type yes or no.`
    : `The passkey was accepted. If the phone shows another code than ${shown}, press Ctrl-C.`;
}

function until(expireTime: Date | undefined): string {
  const minutes = expireTime ? Math.floor((expireTime.getTime() - Date.now()) / 60_000) : 0;
  return minutes > 0 ? `, within ${minutes} minutes` : '';
}

function inOneLine(json: string): string {
  try {
    return plain(JSON.stringify(JSON.parse(json)));
  } catch {
    return plain(json);
  }
}
