import { storeRefused } from "./store-error.ts";

/** S3's limit, in UTF-8 bytes. */
const MAX_KEY_BYTES = 1024;
/** A part is a file name in a folder store: ext4, xfs, apfs and ntfs all stop at 255. */
const MAX_PART_BYTES = 255;
/** Parts that start so are files still being written: no key may, and no listing shows them. */
export const UNFINISHED_PREFIX = ".unfinished-";

// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const UNUSABLE_CHARACTERS = /[\u0000-\u001f\u007f\\]/;

/**
 * Throws `lake.store_refused` for a key that some store cannot hold: keys are `/`-separated well-formed
 * text without a leading slash, empty parts, `.` and `..` parts, control characters or backslashes, at
 * most 1024 bytes with parts of at most 255.
 */
export function assertObjectKey(key: string): void {
  const fault = faultOf(key);
  if (fault !== undefined) {
    throw storeRefused(
      `the object key ${JSON.stringify(key.slice(0, 200))} cannot be used: ${fault}`,
    );
  }
}

function faultOf(key: string): string | undefined {
  if (!key.isWellFormed()) return "it is not well-formed Unicode";
  if (UNUSABLE_CHARACTERS.test(key)) return "it holds a control character or a backslash";
  if (Buffer.byteLength(key) > MAX_KEY_BYTES) return `it is longer than ${MAX_KEY_BYTES} bytes`;
  for (const part of key.split("/")) {
    if (part === "" || part === "." || part === "..") return "a part is empty, . or ..";
    if (part.startsWith(UNFINISHED_PREFIX))
      return `parts starting with ${UNFINISHED_PREFIX} are reserved`;
    if (Buffer.byteLength(part) > MAX_PART_BYTES)
      return `a part is longer than ${MAX_PART_BYTES} bytes`;
  }
  return undefined;
}

/**
 * Compares keys by their UTF-8 bytes, as S3 orders them, without encoding them. JavaScript's own order
 * differs: it puts surrogate pairs before U+E000..U+FFFF.
 */
export function compareKeys(left: string, right: string): number {
  const length = Math.min(left.length, right.length);
  for (let at = 0; at < length; at += 1) {
    const a = left.charCodeAt(at);
    const b = right.charCodeAt(at);
    if (a !== b) return byteRank(a) - byteRank(b);
  }
  return left.length - right.length;
}

/** Code units ranked as their UTF-8 bytes compare: surrogates after every other unit. */
function byteRank(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}
