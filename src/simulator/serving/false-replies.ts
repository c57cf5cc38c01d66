import { attr, type BinaryNode, child, children, errorNode, node } from '../wire/stanza.js';
import type { Effect } from '../world/faults.js';

/** The reply with an error inside, where such a reply has room for one, or with something untrue in it. */
export function falseReply(
  reply: BinaryNode,
  effect: Extract<Effect, { do: 'refuse_category' | 'lie' }>,
): BinaryNode {
  const privacy = child(reply, 'privacy');
  const categories = children(privacy, 'category');
  const withPrivacy = (content: BinaryNode[] | Buffer) => ({
    ...reply,
    content: [node('privacy', privacy?.attrs, content)],
  });
  const changed = (attrs: Record<string, string>) =>
    withPrivacy(categories.map(category => ({ ...category, attrs: { ...category.attrs, ...attrs } })));

  if (effect.do === 'refuse_category') {
    const error = errorNode(effect.code, effect.text);
    const [usync, timer] = [child(reply, 'usync'), child(reply, 'disappearing_mode')];
    if (usync) {
      const results = node('result', {}, [node('contact', {}, [error])]);
      return { ...reply, content: [node('usync', usync.attrs, [results, ...children(usync, 'list')])] };
    }
    if (timer) return { ...reply, content: [node('disappearing_mode', {}, [error])] };
    if (privacy && categories.length === 0) return withPrivacy([node('list', {}, [error])]);
    return withPrivacy(
      categories.map(category =>
        effect.category === undefined || effect.category === attr(category, 'name')
          ? node('category', { ...category.attrs, value: 'error' }, [error])
          : category,
      ),
    );
  }
  switch (effect.lie) {
    case 'confirm':
      return reply;
    case 'wrong_name':
      return changed({ name: attr(categories[0], 'name') === 'last' ? 'online' : 'last' });
    case 'other_value':
      return changed({ value: attr(categories[0], 'value') === 'all' ? 'contacts' : 'all' });
    case 'unknown_value':
      return changed({ value: 'close_friends' });
    case 'two_categories':
      return withPrivacy([...categories, node('category', { name: 'status', value: 'all' })]);
    case 'empty':
      return { tag: reply.tag, attrs: reply.attrs };
    case 'no_privacy':
      return { ...reply, content: [node('settings')] };
    case 'text':
      return withPrivacy(Buffer.from('ok'));
  }
}
