// Makes an instance and links a phone to it: with QR codes to scan, or given the phone's number with a code to type.
//
//   WA_PRIVACY_TOKEN=… node dist/examples/link-a-phone.js support-desk [+15550100123]
import { credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { toString as draw } from 'qrcode';
import {
  CreateInstanceRequest,
  type CreateInstanceResponse,
  InstanceServiceClient,
  type LinkInstanceRequest,
} from 'wa-privacy/client';

const [name = 'support-desk', phoneNumber] = process.argv.slice(2);
const address = process.env['WA_PRIVACY_SERVER'] ?? '127.0.0.1:50051';
const client = new InstanceServiceClient(address, credentials.createInsecure()); // createSsl() where it serves TLS
const metadata = new Metadata();
metadata.set('authorization', `Bearer ${process.env['WA_PRIVACY_TOKEN']}`);

/** The token is shown this once. It covers this instance and nothing else: give it to whoever works with it. */
async function create(): Promise<void> {
  const request = CreateInstanceRequest.fromPartial({ name });
  const { secret } = await new Promise<CreateInstanceResponse>((resolve, reject) =>
    client.createInstance(request, metadata, (error, response) =>
      error ? reject(error) : resolve(response),
    ),
  );
  console.log(`${name} is made; its token: ${secret}`);
}

/** Ends when a phone is linked. To give up earlier cancel the call: nothing is left of the attempt. */
async function link(): Promise<void> {
  const method: LinkInstanceRequest['method'] =
    phoneNumber === undefined ? { $case: 'qr', value: {} } : { $case: 'pairingCode', value: { phoneNumber } };
  for await (const { event } of client.linkInstance(
    { instance: name, method, passkey: { compareCode: false } },
    metadata,
  )) {
    switch (event?.$case) {
      case 'qrCode': // Again and again: WhatsApp takes the newest one only.
        console.log(await draw(event.value.payload, { type: 'utf8', errorCorrectionLevel: 'L' }));
        console.log(`scan this, or draw it elsewhere: ${event.value.payload}`);
        break;
      case 'pairingCode':
        console.log(`on the phone choose "Link with phone number instead" and type: ${event.value.code}`);
        break;
      case 'passkeyRequest': // Some accounts are linked only so; whoever has the passkey runs this in a browser.
        console.log(`on a page of ${event.value.origin} ask for the passkey with ${event.value.optionsJson}`);
        console.log('then call SubmitPasskeyAssertion with the answer, as `wa-privacy link` does');
        break;
      case 'passkeyConfirmation':
        console.log(`if the phone shows another code than ${event.value.code}, give up`);
        break;
      case 'linked':
        console.log(`${name} is linked with ${event.value.maskedPhoneNumber}`);
    }
  }
}

try {
  await create().catch((error: ServiceError) => {
    if (error.code !== status.ALREADY_EXISTS) throw error;
  });
  await link();
} catch (error) {
  const { code, details } = error as ServiceError;
  console.error(`${status[code]}: ${details}`);
  process.exitCode = 1;
}
client.close();
