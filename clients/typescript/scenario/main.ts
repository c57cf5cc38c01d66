// Goes through the service with a simulated WhatsApp, and ends with 1 where something is not as the contract says.
import { connect } from '../src/connect.ts';
import { admission } from './admission.ts';
import { applying, paging } from './fleet.ts';
import { rateLimit, repeating, unknownValues } from './limits.ts';
import { link, spare } from './linking.ts';
import type { Scene } from './scene.ts';
import { simulator } from './simulator.ts';
import { deadline, partialFailure, sevenSettings } from './updating.ts';
import { following, watching } from './watching.ts';

const { env } = process;
const options = {
  server: env['WA_PRIVACY_SERVER'] ?? '127.0.0.1:50051',
  token: env['WA_PRIVACY_TOKEN'] ?? '',
  caFile: env['WA_PRIVACY_CA_FILE'],
  certFile: env['WA_PRIVACY_CERT_FILE'],
  keyFile: env['WA_PRIVACY_KEY_FILE'],
};
const service = connect(options);
const phones = simulator(env['WA_PRIVACY_SIMULATOR'] ?? '');

console.log('links phones');
const scene: Scene = {
  options,
  service,
  phones,
  desk: await link({ service, phones }, 'desk', '15550100601'),
  shop: await link({ service, phones }, 'shop', '15550100602'),
};

const steps = {
  'knows an instance without a phone': spare,
  'lets in who has what it takes': admission,
  'reads, and changes seven settings': sevenSettings,
  'tells what became of each setting': partialFailure,
  'tells how far it came in time': deadline,
  'watches until it is cancelled': watching,
  'follows the history without a gap': following,
  'changes many instances, and says which failed': applying,
  'lists in pages': paging,
  'says when to call again': rateLimit,
  'keeps a value that this client has no name for': unknownValues,
  'is called again by itself': repeating,
};
for (const [told, step] of Object.entries(steps)) {
  console.log(told);
  await step(scene);
}
service.close();
