import { InvalidArgumentError } from 'commander';
import { isLabelKey, isLabelValue, type Labels } from '../../domain/labels/labels.js';

/** Of commands that give an instance labels. */
export const LABELS_FLAG = '--labels <labels>';

/** Of commands that are about the instances with some labels. */
export const SELECTOR_FLAG = '--selector <selector>';
export const SELECTOR_MEANING =
  'those whose labels match, such as env=prod,site!=berlin,vip,!old; also "site in (berlin,paris)" and notin';

/** Reads `env=prod,site=berlin`. */
export function parseLabels(text: string): Labels {
  const labels = text.split(',').map(label => {
    const [key = '', value] = label.split(/=(.*)/s);
    if (!isLabelKey(key) || value === undefined || !isLabelValue(value))
      throw new InvalidArgumentError(
        `'${label}' is no label; write KEY=VALUE, with a-z, 0-9, '.', '_' and '-', in values A-Z too.`,
      );
    return [key, value] as const;
  });
  const twice = labels.find(([key], index) => labels.findIndex(([other]) => other === key) < index);
  if (twice) throw new InvalidArgumentError(`'${twice[0]}' is given twice.`);
  return Object.fromEntries(labels);
}
