import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ErrorReason } from '../../../../gen/ts/whatsapp/privacy/v1/errors.js';
import {
  type WatchPrivacySettingsResponse as Message,
  Origin,
} from '../../../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import { PrivacySetting, PrivacySettings } from '../../../../gen/ts/whatsapp/privacy/v1/privacy_settings.js';
import { GAP_MS, LABELS_MS, watchedViews } from '../../../../src/grpc/methods/fleet/watched-views.js';

/** Settings of a version: each differs from the one before in `last` or in `profile`. */
const settings = (version: number) =>
  PrivacySettings.fromPartial({
    categories: [
      { category: 'last', value: String(Math.ceil(version / 2)) },
      { category: 'profile', value: String(Math.floor(version / 2)) },
    ],
    etag: String(version),
  });
const snapshot = (instance: string, version: number): Message => ({
  instance,
  event: { $case: 'snapshot', value: settings(version) },
});
const change = (instance: string, version: number): Message => ({
  instance,
  event: {
    $case: 'change',
    value: {
      changed: [version % 2 === 1 ? PrivacySetting.LAST_SEEN : PrivacySetting.PROFILE],
      settings: settings(version),
      origin: Origin.OTHER_DEVICE,
    },
  },
});
const unavailable = (instance: string, reason: ErrorReason): Message => ({
  instance,
  event: { $case: 'unavailable', value: { reason, message: ErrorReason[reason] } },
});
const moved = (instance: string) => unavailable(instance, ErrorReason.INSTANCE_MOVED);
const unmatched = (instance: string): Message => ({ instance, event: { $case: 'unmatched', value: {} } });

/** In a few words. */
function said(message: Message | undefined): string {
  const event = message?.event;
  if (!message || !event) return 'nothing';
  switch (event.$case) {
    case 'snapshot':
      return `${message.instance} is ${event.value.etag}`;
    case 'change': {
      const { changed, settings: after, origin } = event.value;
      const what = changed.map(setting => PrivacySetting[setting]).join('+');
      return `${message.instance} becomes ${after?.etag} by ${what} of ${Origin[origin]}`;
    }
    case 'unavailable':
      return `${message.instance} is not there: ${ErrorReason[event.value.reason]}`;
    default:
      return `${message.instance} ${event.$case}`;
  }
}

/** Under which each node runs what it runs, where a test does not say otherwise. */
const EPOCHS = new Map([
  ['one', 1],
  ['two', 2],
  ['three', 3],
]);

function open({ isNamed = false } = {}) {
  const world = {
    now: 0,
    gone: new Set<string>(),
    unwanted: new Set<string>(),
    /** As the others know it. */
    epochs: new Map<string, number>(),
  };
  const views = watchedViews(
    {
      exists: name => !world.gone.has(name),
      isWanted: name => !world.unwanted.has(name),
      isNamed,
      epochOf: name => world.epochs.get(name),
    },
    () => world.now,
  );
  return {
    ...views,
    world,
    hears: (source: string, message: Message) => said(views.hear(source, message, EPOCHS.get(source) ?? 0)),
    /** What is told as so much time passes. */
    tellsWithin(ms: number): string[] {
      world.now += ms;
      const told: string[] = [];
      for (let due = views.due(); due; due = views.due()) told.push(said(due));
      return told;
    },
  };
}

describe('of an instance that moves a reader hears', () => {
  test('nothing, when its settings are as they were', () => {
    const { hears, tellsWithin } = open();
    expect(hears('one', snapshot('a', 1))).toBe('a is 1');
    expect(hears('one', moved('a'))).toBe('nothing');
    expect(tellsWithin(GAP_MS - 1)).toEqual([]);
    expect(hears('two', snapshot('a', 1))).toBe('nothing');
    expect(tellsWithin(10 * GAP_MS)).toEqual([]);
    expect(hears('two', change('a', 2))).toBe('a becomes 2 by PROFILE of OTHER_DEVICE');
  });

  test('what differs, of which nobody knows who did it', () => {
    const { hears } = open();
    hears('one', snapshot('a', 1));
    hears('one', moved('a'));
    expect(hears('two', snapshot('a', 3))).toBe('a becomes 3 by LAST_SEEN+PROFILE of UNSPECIFIED');
  });

  test('only what its new node says, though the old one is still being heard', () => {
    const { hears, tellsWithin } = open();
    hears('one', snapshot('a', 1));
    expect(hears('two', snapshot('a', 3))).toBe('a becomes 3 by LAST_SEEN+PROFILE of UNSPECIFIED');
    expect(hears('one', change('a', 2))).toBe('nothing');
    expect(hears('one', moved('a'))).toBe('nothing');
    expect(tellsWithin(10 * GAP_MS)).toEqual([]);
    expect(hears('two', moved('a'))).toBe('nothing');
    expect(hears('three', snapshot('a', 4))).toBe('a becomes 4 by PROFILE of UNSPECIFIED');
  });

  test('that nobody runs it, once, where that lasts; and then all settings', () => {
    const { hears, tellsWithin } = open();
    hears('one', snapshot('a', 1));
    hears('one', moved('a'));
    expect(tellsWithin(GAP_MS)).toEqual(['a is not there: INSTANCE_MOVED']);
    expect(tellsWithin(GAP_MS)).toEqual([]);
    expect(hears('two', snapshot('a', 1))).toBe('a is 1');
  });
});

describe('where another node runs an instance, of which nothing was heard yet', () => {
  test('a reader hears that it is not there, though its old node has said nothing', () => {
    const { hears, tellsWithin, look, world } = open();
    hears('one', snapshot('a', 1));
    world.epochs.set('a', 2);
    look(['a']);
    expect(hears('one', change('a', 2))).toBe('a becomes 2 by PROFILE of OTHER_DEVICE');
    expect(tellsWithin(GAP_MS)).toEqual(['a is not there: INSTANCE_MOVED']);
    expect(hears('two', snapshot('a', 2))).toBe('a is 2');
  });

  test('and nothing where it is heard before that is known here', () => {
    const { hears, tellsWithin, look, world } = open();
    hears('two', snapshot('a', 1));
    look(['a']);
    world.epochs.set('a', 2);
    expect(tellsWithin(GAP_MS)).toEqual([]);
    expect(hears('two', change('a', 2))).toBe('a becomes 2 by PROFILE of OTHER_DEVICE');
  });
});

describe('of an instance whose node is lost a reader hears', () => {
  test('the same as when it moves', () => {
    const { hears, tellsWithin, ended } = open();
    hears('one', snapshot('a', 1));
    hears('two', snapshot('b', 1));
    ended('one');
    expect(tellsWithin(GAP_MS)).toEqual(['a is not there: INSTANCE_MOVED']);
    expect(hears('three', snapshot('a', 2))).toBe('a is 2');
    expect(hears('two', change('b', 2))).toBe('b becomes 2 by PROFILE of OTHER_DEVICE');
  });

  test('that it was deleted, or matches no more, where no node is left to say so', () => {
    const { hears, tellsWithin, ended, world } = open();
    for (const name of ['a', 'b']) hears('one', snapshot(name, 1));
    ended('one');
    world.gone.add('a');
    world.unwanted.add('b');
    expect(tellsWithin(GAP_MS)).toEqual(['a is not there: INSTANCE_NOT_FOUND', 'b unmatched']);
    expect(tellsWithin(10 * GAP_MS)).toEqual([]);
  });

  test('so too when no node has told of it yet', () => {
    const { tellsWithin, look } = open();
    look(['a']);
    look(['a']);
    expect(tellsWithin(GAP_MS)).toEqual(['a is not there: INSTANCE_MOVED']);
  });
});

describe('of a deleted instance', () => {
  test('nothing is told any more, when it was watched by name', () => {
    const { hears } = open({ isNamed: true });
    hears('one', snapshot('a', 1));
    expect(hears('one', unavailable('a', ErrorReason.INSTANCE_NOT_FOUND))).toBe(
      'a is not there: INSTANCE_NOT_FOUND',
    );
    expect(hears('two', snapshot('a', 1))).toBe('nothing');
  });
});

describe('labels as they are known here', () => {
  test('hold back what a node tells, until they match or it says that they do not', () => {
    const { hears, tellsWithin, world } = open();
    for (const name of ['a', 'b']) world.unwanted.add(name);
    expect(hears('one', snapshot('a', 1))).toBe('nothing');
    expect(hears('one', change('a', 2))).toBe('nothing');
    expect(hears('one', snapshot('b', 1))).toBe('nothing');
    expect(tellsWithin(LABELS_MS)).toEqual([]);
    world.unwanted.clear();
    expect(hears('one', unmatched('b'))).toBe('nothing');
    expect(tellsWithin(LABELS_MS)).toEqual(['a is 2']);
    expect(tellsWithin(LABELS_MS)).toEqual([]);
  });

  test('let a change be told whole that was held back behind what the reader knows', () => {
    const { hears, tellsWithin, world } = open();
    hears('one', snapshot('a', 1));
    world.unwanted.add('a');
    for (const version of [2, 3]) hears('one', change('a', version));
    world.unwanted.clear();
    expect(tellsWithin(LABELS_MS)).toEqual(['a becomes 3 by LAST_SEEN+PROFILE of UNSPECIFIED']);
  });
});

test('an unmatched instance is told so once, and then comes with all settings', () => {
  const { hears } = open();
  hears('one', snapshot('a', 1));
  expect(hears('one', unmatched('a'))).toBe('a unmatched');
  expect(hears('two', unmatched('a'))).toBe('nothing');
  expect(hears('two', snapshot('a', 1))).toBe('a is 1');
});

/** Nodes that run instances, whose words are on their way for as long as it pleases. */
function nodes(names: readonly string[]) {
  const reader = open();
  const versions = new Map(names.map(name => [name, 0]));
  const holders = new Map<string, string>();
  const epochs = new Map<string, number>();
  const onTheWay = new Map<string, { message: Message; epoch: number }[]>(
    ['one', 'two', 'three'].map(node => [node, []]),
  );
  /** What each node has told of what it runs, in this stream. */
  const toldBy = new Map<string, Set<string>>();
  const known = new Map<string, number | undefined>();
  const faults: string[] = [];

  const say = (node: string, message: Message) =>
    onTheWay.get(node)?.push({ message, epoch: epochs.get(message.instance) ?? 0 });
  function tell(node: string, name: string) {
    const told = toldBy.get(node) ?? new Set();
    toldBy.set(node, told);
    const version = versions.get(name) ?? 0;
    say(node, told.has(name) ? change(name, version) : snapshot(name, version));
    told.add(name);
  }
  function take(message: Message | undefined) {
    if (!message?.event) return;
    const { instance, event } = message;
    const before = known.get(instance);
    if (event.$case === 'unavailable') return known.set(instance, undefined);
    if (event.$case !== 'snapshot' && event.$case !== 'change') return;
    const after = Number((event.$case === 'snapshot' ? event.value : event.value.settings)?.etag);
    if (before !== undefined && after <= before) faults.push(`${instance} went back to ${after}`);
    if ((event.$case === 'snapshot') !== (before === undefined))
      faults.push(`${instance} came as ${event.$case}`);
    if (event.$case === 'change' && before !== undefined) {
      const [was, is] = [settings(before), settings(after)];
      const differ = is.categories.flatMap(({ category, value }, place) =>
        was.categories[place]?.value === value ? [] : [category],
      );
      const told = event.value.changed.map(each => (each === PrivacySetting.LAST_SEEN ? 'last' : 'profile'));
      if (differ.join() !== told.join())
        faults.push(`${differ.join()} differed, and ${told.join()} was told`);
    }
    return known.set(instance, after);
  }
  const deliver = (node: string) => {
    const words = onTheWay.get(node)?.shift();
    if (words) take(reader.hear(node, words.message, words.epoch));
  };

  return {
    change(name: string) {
      versions.set(name, (versions.get(name) ?? 0) + 1);
      const node = holders.get(name);
      if (node) tell(node, name);
    },
    giveUp(name: string) {
      const node = holders.get(name);
      holders.delete(name);
      if (node) toldBy.get(node)?.delete(name);
    },
    /** The front hears who runs what. */
    look() {
      reader.world.epochs = new Map([...holders.keys()].map(name => [name, epochs.get(name) ?? 0]));
      reader.look(names);
    },
    claim(name: string, node: string) {
      if (holders.has(name)) return;
      holders.set(name, node);
      epochs.set(name, (epochs.get(name) ?? 0) + 1);
      tell(node, name);
    },
    deliver,
    /** Its words are lost; it goes on, or does not. */
    cut(node: string, isDead: boolean) {
      onTheWay.set(node, []);
      toldBy.delete(node);
      reader.ended(node);
      for (const [name, holder] of holders) {
        if (holder !== node) continue;
        if (isDead) holders.delete(name);
        else tell(node, name);
      }
    },
    pass(ms: number) {
      this.look();
      reader.world.now += ms;
      this.look();
      for (let due = reader.due(); due; due = reader.due()) take(due);
    },
    settle() {
      for (const [node, words] of onTheWay) while (words.length > 0) deliver(node);
      const running = [...holders.keys()].sort();
      return {
        faults,
        known: running.map(name => [name, known.get(name)]),
        true: running.map(name => [name, versions.get(name)]),
      };
    },
  };
}

test('wherever instances move, and however late their nodes are heard, a reader ends with what is so', () => {
  const NAME = fc.constantFrom('a', 'b');
  const NODE = fc.constantFrom('one', 'two', 'three');
  const STEP = fc.oneof(
    fc.record({ does: fc.constantFrom('change' as const, 'giveUp' as const), name: NAME }),
    fc.record({ does: fc.constant('claim' as const), name: NAME, node: NODE }),
    { weight: 3, arbitrary: fc.record({ does: fc.constant('deliver' as const), node: NODE }) },
    fc.record({ does: fc.constant('cut' as const), node: NODE, isDead: fc.boolean() }),
    fc.record({ does: fc.constantFrom('look' as const, 'pass' as const) }),
  );
  fc.assert(
    fc.property(fc.array(STEP, { maxLength: 60 }), steps => {
      const world = nodes(['a', 'b']);
      for (const step of steps) {
        if (step.does === 'change') world.change(step.name);
        if (step.does === 'giveUp') world.giveUp(step.name);
        if (step.does === 'claim') world.claim(step.name, step.node);
        if (step.does === 'deliver') world.deliver(step.node);
        if (step.does === 'cut') world.cut(step.node, step.isDead);
        if (step.does === 'look') world.look();
        // Longer than that nobody goes without news of who runs what.
        if (step.does === 'pass') world.pass(GAP_MS);
      }
      const { faults, known, true: so } = world.settle();
      expect(faults).toEqual([]);
      expect(known).toEqual(so);
    }),
    { numRuns: 2_000 },
  );
});
