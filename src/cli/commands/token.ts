import type { Command } from 'commander';
import {
  CreateTokenResponse,
  RotateTokenResponse,
  Token,
  Token_Access,
  Token_Kind,
  TokenServiceService,
} from '../../../gen/ts/whatsapp/privacy/v1/token_service.js';
import { UsageError } from '../../input/usage-error.js';
import { clientCommand, type Run } from '../client/client-command.js';
import { SELECTOR_FLAG, SELECTOR_MEANING } from '../client/label-flags.js';
import { parseDuration, toDuration } from '../terminal/duration.js';
import { fields, table, toJson } from '../terminal/output.js';

type CreateFlags = {
  readonly instance?: string;
  readonly selector?: string;
  readonly readOnly?: true;
  readonly displayName?: string;
  readonly expires?: number;
  readonly certificateSubject?: string;
};
type RotateFlags = { readonly grace?: number };

/** Adds `token create|list|revoke|rotate`. */
export function addTokenCommands(program: Command): void {
  const token = program.command('token').description('Make, show and end bearer tokens');
  clientCommand<CreateFlags>(token, 'create', 'Make a token', create)
    .option('--instance <name>', 'for this instance only (default: for everything)')
    .option(SELECTOR_FLAG, `for ${SELECTOR_MEANING}; at the time of each call`)
    .option('--read-only', 'for the methods that change nothing')
    .option('--display-name <text>', 'what it is for')
    .option('--expires <duration>', 'end it after this time, such as 30d (default: never)', parseDuration)
    .option('--certificate-subject <name>', 'for callers whose client certificate has this name, CN or SAN');
  clientCommand(token, 'list', 'List the tokens that work', list);
  clientCommand(token, 'revoke <id>', 'End a token at once, and the streams opened with it', revoke);
  clientCommand<RotateFlags>(token, 'rotate <id>', 'Make a token in place of another', rotate).option(
    '--grace <duration>',
    'let the old one work for this time, at most 24h (default: end it at once)',
    parseDuration,
  );
}

async function create({ api, output, flags }: Run<CreateFlags>) {
  const { instance, selector, readOnly, displayName, expires, certificateSubject } = flags;
  if (instance !== undefined && selector !== undefined)
    throw new UsageError(['--instance and --selector: a token covers the one or the other']);
  const request = {
    kind: kindOf(flags),
    instance: instance ?? '',
    labelSelector: selector ?? '',
    access: readOnly ? Token_Access.READ_ONLY : Token_Access.READ_WRITE,
    displayName: displayName ?? '',
    expireTime: expires === undefined ? undefined : timeAfter(expires),
    certificateSubject: certificateSubject ?? '',
    requestId: '',
  };
  const response = await output.progress('Creating', api.call(TokenServiceService.createToken, request));
  output.print(toJson(CreateTokenResponse, response), () => secretText(response));
}

function kindOf({ instance, selector }: CreateFlags): Token_Kind {
  if (selector !== undefined) return Token_Kind.SELECTOR;
  return instance === undefined ? Token_Kind.ACCOUNT : Token_Kind.INSTANCE;
}

function timeAfter(ms: number): Date {
  const time = new Date(Date.now() + ms);
  if (Number.isNaN(time.getTime())) throw new UsageError(['--expires: no calendar goes that far']);
  return time;
}

async function list({ api, output }: Run<object>) {
  const tokens: Token[] = [];
  let pageToken = '';
  do {
    const page = { pageSize: 0, pageToken };
    const response = await output.progress('Listing', api.call(TokenServiceService.listTokens, page));
    tokens.push(...response.tokens);
    pageToken = response.nextPageToken;
  } while (pageToken !== '');
  output.print({ tokens: tokens.map(token => toJson(Token, token)) }, () =>
    table(
      ['id', 'covers', 'access', 'name', 'created', 'expires', 'last used', 'certificate'],
      tokens.map(token => [
        token.id,
        covers(token),
        accessName(token),
        token.displayName,
        token.createTime?.toISOString() ?? '',
        token.expireTime?.toISOString() ?? 'never',
        token.lastUseTime?.toISOString() ?? 'never',
        token.certificateSubject || 'any',
      ]),
    ),
  );
}

async function revoke({ api, output, args: [id = ''] }: Run<object>) {
  await output.progress(
    'Revoking',
    api.call(TokenServiceService.revokeToken, { tokenId: id, allowMissing: false }),
  );
  output.print({}, () => `revoked ${id}`);
}

async function rotate({ api, output, args: [id = ''], flags: { grace } }: Run<RotateFlags>) {
  const request = {
    tokenId: id,
    gracePeriod: grace === undefined ? undefined : toDuration(grace),
    requestId: '',
  };
  const response = await output.progress('Rotating', api.call(TokenServiceService.rotateToken, request));
  const oldEnds = response.previousExpireTime?.toISOString() ?? '';
  output.print(toJson(RotateTokenResponse, response), () =>
    [secretText(response), `The old token ends at ${oldEnds}.`].join('\n'),
  );
}

const secretText = ({ token, secret }: { token: Token | undefined; secret: string }): string =>
  [
    fields([
      ['id', token?.id],
      ['covers', token && covers(token)],
      ['access', token && accessName(token)],
      ['name', token?.displayName],
      ['certificate', token?.certificateSubject || undefined],
      ['expires', token?.expireTime?.toISOString()],
      ['token', secret],
    ]),
    'The token is shown only here.',
  ].join('\n');

const covers = ({ kind, instance, labelSelector }: Token): string => {
  if (kind === Token_Kind.ACCOUNT) return 'everything';
  if (kind === Token_Kind.SELECTOR) return `those with ${labelSelector}`;
  return kind === Token_Kind.INSTANCE ? instance : `number ${kind}`;
};

const accessName = ({ access }: Token): string => Token_Access[access] ?? `number ${access}`;
