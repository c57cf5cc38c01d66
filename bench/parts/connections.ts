import { BARE_METHOD, ONE_CONNECTION } from '../figures/against.js';
import type { Figure } from '../figures/figure.js';
import type { Plan } from '../plan.js';
import type { Cast, Stage } from '../stage/stage.js';
import { GET, type Round, roundOf, type Server, serverAt, startBareServer } from './load-rounds.js';

const ACCOUNTS = 10;
export const CAST: Cast = { services: [ACCOUNTS], peers: 0 };
const CONNECTIONS = 16;

/** Makes the same calls over many connections and over one, of the service and of a bare grpc-js server. */
export async function measureConnections(stage: Stage, plan: Plan['calls']): Promise<Figure[]> {
  const service = await stage.service(ACCOUNTS);
  await service.connectMs;
  const over = (server: { process: Server['process']; address: string }) =>
    [1, CONNECTIONS].map(connections => ({
      ...serverAt(server.process, server.address, connections),
      rounds: [] as Round[],
    })) as [Loaded, Loaded];
  type Loaded = Server & { readonly rounds: Round[] };
  const ours = over(service);
  const bareServer = await startBareServer(GET, await ours[0].call(GET));
  const bare = over(bareServer);

  const round = ({ process, load }: Server, forMs: number) =>
    roundOf(process, () => load([GET], CONNECTIONS, forMs));
  for (const server of [...ours, ...bare]) await round(server, plan.warmUpMs / 2);
  for (let turn = 0; turn < plan.rounds; turn++)
    for (const server of [...bare, ...ours]) server.rounds.push(await round(server, plan.forMs));
  for (const { close } of [...ours, ...bare]) close();
  await bareServer.process.stop();
  await service.stop();

  const cpu = ({ rounds }: Loaded) => rounds.map(({ cpuUsEach }) => cpuUsEach);
  const name = `processor time of a Get, ${CONNECTIONS} connections`;
  const figure = { chapter: 'Calls answered from memory', unit: 'µs' } as const;
  return [
    { ...figure, name, ours: cpu(ours[1]), against: { what: ONE_CONNECTION, values: cpu(ours[0]) } },
    { ...figure, name, ours: cpu(ours[1]), against: { what: BARE_METHOD, values: cpu(bare[1]) } },
    {
      ...figure,
      name: `${name}, of the bare method`,
      ours: cpu(bare[1]),
      against: { what: ONE_CONNECTION, values: cpu(bare[0]) },
    },
  ];
}
