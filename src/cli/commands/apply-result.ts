import type { Command } from 'commander';
import {
  type ApplyPrivacySettingsResponse as End,
  GetApplyResultResponse,
  PrivacyServiceService,
  GetApplyResultResponse_State as State,
} from '../../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import { LARGEST_PAGE } from '../../contract/sizes.js';
import { clientCommand, type Run } from '../client/client-command.js';
import { table, toJson } from '../terminal/output.js';
import { innerErrorText } from '../texts/errors.js';
import { endJson } from './apply.js';

/** Adds `privacy apply-result`. */
export function addApplyResultCommand(privacy: Command): void {
  clientCommand(privacy, 'apply-result <request-id>', 'Tell how an apply with this request id goes', result);
}

async function result({ api, output, args: [requestId = ''] }: Run<object>) {
  const results: End[] = [];
  let [last, pageToken] = [GetApplyResultResponse.fromPartial({}), ''];
  do {
    const page = { requestId, pageSize: LARGEST_PAGE, pageToken };
    const call = api.call(PrivacyServiceService.getApplyResult, page);
    last = await output.progress('Reading', call);
    results.push(...last.results);
    pageToken = last.nextPageToken;
  } while (pageToken !== '');

  const whole = toJson(GetApplyResultResponse, { ...last, results: [], nextPageToken: '' }) as object;
  output.print({ ...whole, results: results.map(endJson) }, () => resultText(last, results));
}

function resultText(whole: GetApplyResultResponse, results: readonly End[]): string {
  const { state, totalCount, succeededCount, failedCount } = whole;
  const failed = results.flatMap(({ instance, result }) =>
    result?.$case === 'error' ? [[instance, innerErrorText(result.value)]] : [],
  );
  return [
    ...(failed.length > 0 ? [table(['instance', 'why it failed'], failed)] : []),
    `${State[state]}: ${succeededCount} of ${totalCount} instances ended as asked, ${failedCount} failed`,
    ...(state === State.INTERRUPTED
      ? ['The same apply with the same --request-id goes on with the rest']
      : []),
  ].join('\n');
}
