import { type Command, Option } from 'commander';
import { CLIENT_OPTIONS } from '../../input/client-options.js';
import { parseDuration } from '../terminal/duration.js';
import { createOutput, type Output } from '../terminal/output.js';
import { failureJson, failureText } from '../texts/errors.js';
import { type Api, isServiceError } from './client.js';
import { type ClientFlags, connectAsTold } from './connection.js';

/** One run of a client command. */
export type Run<Flags> = {
  readonly api: Api;
  readonly output: Output;
  readonly args: readonly string[];
  readonly flags: ClientFlags & Flags;
};

/**
 * Adds a command that calls the service. Exit codes: 0 done, 1 the call failed, 2 wrong usage and nothing was sent.
 * With `--json` stdout holds either the answer or `{"error": …}`.
 */
export function clientCommand<Flags = object>(
  parent: Command,
  usage: string,
  summary: string,
  run: (run: Run<Flags>) => Promise<void>,
): Command {
  const command = parent.command(usage).description(summary);
  const { server, token, tokenFile, tls, caFile, certFile, keyFile, timeout, json } = CLIENT_OPTIONS;
  command.option(json.flag, json.meaning).optionsGroup('Connection:');
  command.option(server.flag, `${server.meaning} (${server.variable}; default: ${server.default})`);
  command.option(
    tokenFile.flag,
    `${tokenFile.meaning} (${tokenFile.variable}; or ${token.variable} with the token itself; ` +
      'default: account-token in the data folder, for a service on this machine)',
  );
  for (const option of [tls, caFile, certFile, keyFile]) command.option(option.flag, option.meaning);
  command.addOption(
    new Option(timeout.flag, timeout.meaning)
      .argParser(parseDuration)
      .default(parseDuration(timeout.default), timeout.default),
  );
  command.optionsGroup('Options:');
  return command.action(async () => {
    process.exitCode = await runClient(run, command.args, command.opts<ClientFlags & Flags>());
  });
}

async function runClient<Flags>(
  run: (run: Run<Flags>) => Promise<void>,
  args: readonly string[],
  flags: ClientFlags & Flags,
): Promise<number> {
  let api: Api | undefined;
  try {
    api = connectAsTold(flags, process.env);
    const output = createOutput(flags.json ?? false);
    await run({ api, output, args, flags });
    return 0;
  } catch (error) {
    if (!isServiceError(error)) throw error;
    if (flags.json) process.stdout.write(`${JSON.stringify(failureJson(error))}\n`);
    else process.stderr.write(`${failureText(error, api?.address ?? '')}\n`);
    return 1;
  } finally {
    api?.close();
  }
}
