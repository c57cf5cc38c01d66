/** A device that another program has linked. */
export type ImportedDevice = {
  readonly kind: 'device';
  /** The JID of account and device. */
  readonly id: string;
  /** E.164. */
  readonly phoneNumber: string;
  /** As they are stored. */
  readonly credentials: Uint8Array;
};

/** What is wrong with such a device, in words that quote none of its secrets. */
export type UnusableDevice = { readonly kind: 'unusable'; readonly mistakes: readonly string[] };

/** Reads whose device some credentials are, without a connection. */
export interface DeviceReader {
  /** Of Baileys' `creds.json`. */
  importedDevice(content: Uint8Array): Promise<ImportedDevice | UnusableDevice>;
  /** The `id` of the device that stored credentials are of. */
  deviceIn(credentials: Uint8Array): Promise<string>;
}
