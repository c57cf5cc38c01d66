/** A bearer token, a pairing code as WhatsApp makes them, or a key of 32 bytes and more in base64 or hex. */
const SECRET = /\bwap_(?!\[)|\b[1-9A-HJ-NP-TV-Z]{4}-?[1-9A-HJ-NP-TV-Z]{4}\b|[A-Za-z0-9+/]{43}=?|[0-9a-f]{64}/;
/** Parts of these look like pairing codes. */
const UUID = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;
/** The ids of stanzas, Baileys' and the simulator's, may too. */
const STANZA_ID = /"id":"[\da-f.]+-\d+"/g;
/** A stack's file, line and column: where the checkout lies deep, its path has the form of a base64 key. */
const SOURCE_LOCATION = /(file:\/\/)?\/[\w./@-]+\.[cm]?[jt]s:\d+:\d+/g;

/** The lines of a log in which a secret stands, or one of these texts. */
export const secretsIn = (log: readonly string[], texts: readonly string[]): string[] =>
  log.filter(
    line =>
      SECRET.test(
        line.replaceAll(UUID, 'UUID').replaceAll(STANZA_ID, 'ID').replaceAll(SOURCE_LOCATION, 'SOURCE'),
      ) || texts.some(text => line.includes(text)),
  );
