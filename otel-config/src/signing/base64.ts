/** Standard base64 with padding (RFC 4648 section 4), without Node: signatures are also made on edge runtimes. */
export function toBase64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}

/** Digests, MACs and secrets: a few dozen bytes. */
const TEXT_LENGTH_MAX = 256;

/** Undefined unless `text` is base64 exactly as `toBase64` writes it, so that a value has one form only. */
export function fromBase64(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (text.length > TEXT_LENGTH_MAX || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return undefined;
  if (text.length % 4 !== 0) return undefined;
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  return toBase64(bytes) === text ? bytes : undefined;
}
