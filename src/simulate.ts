import { PARSERS } from './config/parsers.js';
import { serveLinked } from './demo/serve-linked.js';
import { endSignal } from './end-signal.js';
import { UsageError } from './input/usage-error.js';
import { type Simulator, startControl, startSimulator } from './simulator/index.js';

/** The flags of `simulate`. */
export type SimulateFlags = {
  /** HOST:PORT of the WebSocket server. */
  readonly listen: string;
  /** Port of the control interface, on loopback. */
  readonly control: string;
  readonly phone: readonly string[];
  readonly state?: string;
  /** The instance to serve and link. */
  readonly scan?: string;
};

/** Runs a simulated WhatsApp until SIGTERM, SIGINT or SIGHUP; stdout gets lines a shell can source. */
export async function simulate({ listen, control, phone, state, scan }: SimulateFlags): Promise<void> {
  const address = PARSERS.address.safeParse(listen);
  const controlPort = PARSERS.address.safeParse(`localhost:${control}`);
  const phones = phone.map(number => number.replace(/^\+/, ''));
  const mistakes = [
    ...(address.success ? [] : ['--listen: must be HOST:PORT, an IPv6 host in brackets']),
    ...(controlPort.success ? [] : ['--control: must be a port']),
    ...phones
      .filter(number => !/^\d{5,15}$/.test(number))
      .map(number => `--phone ${number}: must be 5 to 15 digits`),
  ];
  if (!address.success || !controlPort.success || mistakes.length > 0) throw new UsageError(mistakes);

  const simulator = await startSimulator({
    ...address.data,
    ...(state !== undefined && { stateFile: state }),
  });
  try {
    for (const phoneNumber of phones) if (!simulator.phone(phoneNumber)) simulator.addPhone({ phoneNumber });
    const server = await startControl(simulator, { port: controlPort.data.port });
    try {
      const ended = endSignal();
      console.log(instructions(simulator, server.url));
      const linked = scan === undefined ? undefined : await serveLinked(simulator, scan);
      if (linked) console.log(linked.instructions);
      await ended;
      await linked?.stop();
    } finally {
      await server.stop();
    }
  } finally {
    await simulator.stop();
  }
}

const instructions = (simulator: Simulator, controlUrl: string): string =>
  [
    `export WA_PRIVACY_WHATSAPP_URL=${simulator.url}`,
    `export WA_PRIVACY_WHATSAPP_ROOT_KEY=${simulator.rootKey}`,
    ...simulator
      .phones()
      .map(({ phoneNumber }) => `# phone +${phoneNumber}: ${controlUrl}/phones/${phoneNumber}`),
    `# control interface: ${controlUrl}`,
  ].join('\n');
