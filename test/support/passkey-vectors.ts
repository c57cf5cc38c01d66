const filled = (byte: number, length = 32) => Buffer.alloc(length, byte);
const hex = (text: string) => Buffer.from(text, 'hex');

/** A link with a passkey whose randomness is fixed, worked out with nothing but `node:crypto` and WhatsApp's messages. */
export const PASSKEY_VECTORS = {
  companion: {
    privateKey: filled(1),
    publicKey: hex('a4e09292b651c278b9772c569f5fa9bb13d906b46ab68c9df9dc2b4409f8a209'),
    nonce: filled(2),
    ref: '2@REF',
    noiseKey: filled(0x11),
    identityKey: filled(0x12),
  },
  primary: {
    privateKey: filled(3),
    publicKey: hex('5dfedd3b6bd47f6fa28ee15d969d5bb0ea53774d488bdaf9df1c6e0124b3ef22'),
    nonce: filled(4),
    identity: hex(
      '0a205dfedd3b6bd47f6fa28ee15d969d5bb0ea53774d488bdaf9df1c6e0124b3ef22122004040404040404040404040404040404' +
        '04040404040404040404040404040404',
    ),
  },
  /** The secret in the QR or of the code, and the one that takes its place. */
  secret: { old: filled(9), fresh: filled(8) },
  prologue: hex(
    '0a2b0a20a4e09292b651c278b9772c569f5fa9bb13d906b46ab68c9df9dc2b4409f8a20910011a05324052454612220a20e79d670d' +
      '63f4ddd295ae44073f7301dd4eb426a39d2ee444523ace2fe59cdaa8',
  ),
  proof: hex('ee93f84f094c604f3e18cde8957ef1e1f56bf1de2f53a82d7c1be899fa17c220'),
  code: 'YD9JDN9Q',
  iv: filled(7, 12),
  pairingRequest: hex(
    '0a763b55f70066ba485666ad773994cb27898d4a34fe59b8ecb600945d23541ae0dbe9f6b3500f168ef7a07067b6a08f9ab01a990d4f' +
      '7d64816cc8dd4dd850a3026e5fc03dbc7d87539b13bdc6dd21291cb0be25237dade89674d60696efce918132ff357deb8a69e0ad' +
      'be200549c2d8cfbb92f87c234a8a120c070707070707070707070707',
  ),
};
