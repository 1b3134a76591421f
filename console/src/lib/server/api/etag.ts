import { createHash } from "node:crypto";

/** 128 bits: two answers never share one by chance. */
const DIGEST_CHARACTERS = 22;

/** The entity tag of an answer by what is in it. */
export function contentEtag(body: string): string {
  const digest = createHash("sha256").update(body).digest("base64url");
  return `"${digest.slice(0, DIGEST_CHARACTERS)}"`;
}

/** The entity tag of something that can be edited: `"v7"`. */
export const versionEtag = (version: number): string => `"v${version}"`;

/** If-None-Match (RFC 9110, 13.1.2): does the caller have it already? Weak tags count. */
export function isKnown(ifNoneMatch: string | null, etag: string): boolean {
  if (ifNoneMatch === null) return false;
  return ifNoneMatch.trim() === "*" || tagsOf(ifNoneMatch).includes(etag);
}

/**
 * If-Match of a request that only reads (RFC 9110, 13.1.1): is it still what the caller has? Weak tags never count, and
 * what has no tag is none of those that were named.
 */
export function isStill(ifMatch: string | null, etag: string | undefined): boolean {
  if (ifMatch === null || ifMatch.trim() === "*") return true;
  const strong = Array.from(ifMatch.matchAll(/(W\/)?("[^"]*")/g), ([, weak, tag]) =>
    weak === undefined ? tag : undefined,
  );
  return etag !== undefined && strong.includes(etag);
}

/** No version that anything ever has. */
const NO_VERSION = 0;

/**
 * If-Match (RFC 9110, 13.1.1): the version that the caller has seen; undefined without the header. A tag that is
 * none of ours matches nothing.
 */
export function expectedVersionOf(ifMatch: string | null): number | "any" | undefined {
  if (ifMatch === null) return undefined;
  if (ifMatch.trim() === "*") return "any";
  const [, digits] = /^\s*"v(\d{1,15})"\s*$/.exec(ifMatch) ?? [];
  return digits === undefined ? NO_VERSION : Number(digits);
}

const tagsOf = (header: string): string[] =>
  Array.from(header.matchAll(/(?:W\/)?("[^"]*")/g), ([, tag]) => tag ?? "");
