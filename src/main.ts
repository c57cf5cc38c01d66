import { Command, CommanderError, Option } from 'commander';
import { addInstanceCommands } from './cli/commands/instance.js';
import { addLinkCommands } from './cli/commands/link.js';
import { addPrivacyCommands } from './cli/commands/privacy.js';
import { addTokenCommands } from './cli/commands/token.js';
import { addBackupCommand } from './cli/node/backup.js';
import { addNodeCommands } from './cli/node/drain-node.js';
import { addNodesCommand } from './cli/node/nodes.js';
import { addServerInfoCommand } from './cli/node/server-info.js';
import { addVersionCommand } from './cli/node/whatsapp-version.js';
import { serveFlags } from './config/table.js';
import type { DemoFlags } from './demo/index.js';
import { UsageError } from './input/usage-error.js';
import type { MoveFlags } from './offline/migrate-store.js';
import type { RestoreFlags } from './offline/restore.js';
import { description, version } from './package-json.js';
import type { SimulateFlags } from './simulate.js';

const EXAMPLES = `
Examples:
  wa-privacy demo
  wa-privacy serve
  wa-privacy instance create support-desk
  wa-privacy link support-desk
  wa-privacy privacy set support-desk last_seen=none call_add=known

Exit codes: 0 done, 1 failed, 2 called wrongly and nothing was done.`;

/** The command line. What only one command needs, above all the server and Baileys, is loaded by that command. */
const program = new Command('wa-privacy')
  .description(description)
  .version(version)
  .exitOverride()
  .helpCommand(false)
  .showHelpAfterError('(--help shows what is possible)')
  .addHelpText('after', EXAMPLES);

program.commandsGroup('Service:');
const serve = program
  .command('serve')
  .description('Serve the gRPC API')
  .action(async () => {
    const { readConfig } = await import('./config/config.js');
    const flags = serve.options.map(option => [option.long, serve.getOptionValue(option.attributeName())]);
    const result = readConfig({ flags: Object.fromEntries(flags), env: process.env });
    if (result.kind === 'mistakes') throw new UsageError(result.mistakes);
    const [{ serve: run }, { endProcess }] = await Promise.all([
      import('./serve.js'),
      import('./process-end.js'),
    ]);
    await run(result.config).catch((error: unknown) => {
      process.exitCode = exitCodeOf(error);
    });
    await endProcess();
  });
for (const { flag, description } of serveFlags()) serve.addOption(new Option(flag, description));

program
  .command('restore <file>')
  .description('Put a backup in the place of the data of a service that does not run')
  .option('--data-dir <folder>', 'data folder of the service (WA_PRIVACY_DATA_DIR; default: ./data)')
  .option('--config <file>', 'TOML file with the options of the service (WA_PRIVACY_CONFIG)')
  .option('--force', 'also where there is a database; that is kept beside the new one')
  .action(async (file: string, flags: RestoreFlags) => {
    await (await import('./offline/restore.js')).restore(file, flags);
  });

program
  .command('migrate-store')
  .description('Move the data of a service that does not run from SQLite to PostgreSQL, or back')
  .requiredOption('--from <place>', 'sqlite:FOLDER, or postgres://…; @FILE for a URL that stands in a file')
  .requiredOption('--to <place>', 'the same; without data as yet')
  .option('--config <file>', 'TOML file with the options of the service (WA_PRIVACY_CONFIG)')
  .action(async (flags: MoveFlags) => {
    await (await import('./offline/migrate-store.js')).migrateStore(flags);
  });

program
  .command('simulate')
  .description(
    'Run a simulated WhatsApp with simulated phones, and print the variables that make serve use it',
  )
  .option('--listen <address>', 'address of the WebSocket server; port 0 picks a free one', '127.0.0.1:0')
  .option(
    '--control <port>',
    'port of the HTTP control interface, on this machine only; 0 picks a free one',
    '0',
  )
  .option('--phone <number...>', 'phone numbers to begin with', ['15550100123'])
  .option('--state <file>', 'keep the keys and the phones in this file')
  .option(
    '--scan <instance>',
    'also serve the API here, and link this instance: the first phone scans what it shows (data in ./simulated)',
  )
  .action(async (flags: SimulateFlags) => {
    await (await import('./simulate.js')).simulate(flags);
    endNow();
  });

program
  .command('demo')
  .description('Show everything: a service, a simulated WhatsApp and a phone, on free ports')
  .option('--keep', 'stay up afterwards')
  .option('--json', 'print JSON')
  .option('--nodes <count>', 'show so many nodes instead, 2 to 9, of which one is killed')
  .option(
    '--database <place>',
    'PostgreSQL database for --nodes, without data as yet: postgres://…, or @FILE for a URL that stands in a file; ' +
      'a checkout of the repository starts a server of its own where none is named',
  )
  .action(async (flags: DemoFlags) => {
    await (await import('./demo/index.js')).demo(flags);
    endNow();
  });

program.commandsGroup('Client of a running service:');
addInstanceCommands(program);
addLinkCommands(program);
addPrivacyCommands(program);
addTokenCommands(program);
addVersionCommand(program);
addServerInfoCommand(program);
addBackupCommand(program);
addNodesCommand(program);
addNodeCommands(program);

/** Does what the command line says. */
export async function main(): Promise<void> {
  try {
    await program.parseAsync();
  } catch (error) {
    process.exitCode = exitCodeOf(error);
  }
}

/** Baileys leaves a timer of 30 s behind each upload of keys (`uploadPreKeys` in its Socket/socket.js). */
function endNow(): never {
  process.exit();
}

/** Reports what ended the command. 1: it failed; 2: it was called wrongly, and nothing was done. */
function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2; // commander has reported it
  if (error instanceof UsageError) {
    for (const mistake of error.mistakes) process.stderr.write(`error: ${mistake}\n`);
    return 2;
  }
  // From the system, or a text for the operator: the stack tells nothing more.
  const expected = error instanceof Error && ('code' in error || error.name === 'Error');
  process.stderr.write(
    `error: ${error instanceof Error ? (expected ? error.message : error.stack) : String(error)}\n`,
  );
  return 1;
}
