import { isLabelKey, isLabelValue } from './labels.js';
import type { Requirement, Selector } from './selector.js';

/** The most characters of a selector. */
export const LONGEST_SELECTOR = 512;

/** The most requirements of a selector. */
export const MOST_REQUIREMENTS = 16;

/** A selector, or what is wrong with the text. */
export type Parsed =
  | { readonly selector: Selector; readonly mistake?: undefined }
  | { readonly mistake: string };

/** What a selector is made of: a sign, a word, or a character that belongs in none. */
const TOKEN = /\s*(!=|==|[=!,()]|[a-zA-Z0-9._-]+|\S)/guy;

type Token = { readonly text: string; readonly at: number };

/** Thrown only inside of this file. */
class Mistake extends Error {}

/** Reads `env=prod,site!=berlin,vip,!retired,tier in (a,b)`. */
export function parseSelector(text: string): Parsed {
  if (text.length > LONGEST_SELECTOR) return { mistake: `has more than ${LONGEST_SELECTOR} characters` };
  const tokens = [...text.matchAll(TOKEN)].map(([all, token = ''], index, found) => ({
    text: token,
    at: (found[index]?.index ?? 0) + all.length - token.length + 1,
  }));
  try {
    return { selector: requirementsOf(tokens, text.length + 1) };
  } catch (error) {
    if (error instanceof Mistake) return { mistake: error.message };
    throw error;
  }
}

/** A selector that `selectorText` wrote. */
export function readSelector(text: string): Selector {
  const parsed = parseSelector(text);
  if (parsed.mistake !== undefined) throw new Error(`The selector ${parsed.mistake}`);
  return parsed.selector;
}

/** @param end The position behind the last character; positions count from 1. */
function requirementsOf(tokens: readonly Token[], end: number): Selector {
  let next = 0;

  const fail = (expected: string): never => {
    throw new Mistake(`must have ${expected} at character ${tokens[next]?.at ?? end}`);
  };
  const isNext = (sign: string) => tokens[next]?.text === sign;
  const take = (sign: string): boolean => {
    if (!isNext(sign)) return false;
    next++;
    return true;
  };
  function takeKey(): string {
    const text = tokens[next]?.text ?? '';
    if (!isLabelKey(text)) return fail("the key of a label (1 to 63 of a-z, 0-9, '.', '_' and '-')");
    next++;
    return text;
  }
  /** May be empty: then what follows a value comes at once. */
  function takeValue(): string {
    const text = tokens[next]?.text;
    if (text === undefined || text === ',' || text === ')') return '';
    if (!isLabelValue(text)) return fail("the value of a label (0 to 63 of a-z, A-Z, 0-9, '.', '_' and '-')");
    next++;
    return text;
  }
  function takeValues(): string[] {
    if (!take('(')) return fail("'('");
    if (isNext(')')) return fail('a value');
    const values = [takeValue()];
    while (take(',')) values.push(takeValue());
    if (!take(')')) return fail("',' or ')'");
    return [...new Set(values)];
  }
  function takeRequirement(): Requirement {
    if (take('!')) return { key: takeKey(), must: 'not_exist', values: [] };
    const key = takeKey();
    if (take('=') || take('==')) return { key, must: 'in', values: [takeValue()] };
    if (take('!=')) return { key, must: 'notin', values: [takeValue()] };
    if (take('in')) return { key, must: 'in', values: takeValues() };
    if (take('notin')) return { key, must: 'notin', values: takeValues() };
    return { key, must: 'exist', values: [] };
  }

  const selector = [takeRequirement()];
  while (take(',')) selector.push(takeRequirement());
  if (next < tokens.length) fail("','");
  if (selector.length > MOST_REQUIREMENTS)
    throw new Mistake(`has ${selector.length} requirements, at most ${MOST_REQUIREMENTS} are allowed`);
  return selector;
}
