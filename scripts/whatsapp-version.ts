// What the scripts about the announced version of WhatsApp Web have in common, without a file or a network.

/** Where the version stands that this service announces. */
export const FILE = 'src/domain/version/built-in-version.ts';
/** A release that announces an older one would last its users too short a time. */
export const MOST_DAYS = 45;

const REVISION = /revision: (\d+)/;
const RELEASED_ON = /releasedOn: '(\d{4}-\d\d-\d\d)'/;

type Version = { readonly revision: number; readonly releasedOn: string };

/** The version in the text of that file. */
export function versionIn(text: string): Version {
  const [revision, releasedOn] = [REVISION, RELEASED_ON].map(pattern => pattern.exec(text)?.[1]);
  if (!revision || !releasedOn) throw new Error(`${FILE} holds no version and day`);
  return { revision: Number(revision), releasedOn };
}

/** The text of that file with another version. */
export const withVersion = (text: string, { revision, releasedOn }: Version): string =>
  text.replace(REVISION, `revision: ${revision}`).replace(RELEASED_ON, `releasedOn: '${releasedOn}'`);

/** `versions.json` of the package; in `expire` it has a guess of its own. */
type List = {
  readonly currentVersion: string;
  readonly versions: readonly { readonly version: string; readonly released: string }[];
};

/** The newest version of the package. */
export function newestOf({ currentVersion, versions }: List): Version {
  const revision = /^2\.3000\.(\d{9,10})(?:-alpha)?$/.exec(currentVersion)?.[1];
  const released = versions.find(({ version }) => version === currentVersion)?.released;
  if (!revision || !released) throw new Error(`the package lists no version 2.3000.N: ${currentVersion}`);
  return { revision: Number(revision), releasedOn: new Date(released).toISOString().slice(0, 10) };
}

/** Why a release on this day must not announce the version; undefined when it may. */
export function tooOld({ revision, releasedOn }: Version, today: Date): string | undefined {
  const days = Math.floor((today.getTime() - Date.parse(releasedOn)) / 86_400_000);
  if (days <= MOST_DAYS) return undefined;
  return `2.3000.${revision} is ${days} days old, more than ${MOST_DAYS}: npm run raise:version`;
}
