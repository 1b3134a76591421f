import { createHash, timingSafeEqual } from "node:crypto";

/**
 * Does the Authorization header carry the token? Without a configured token nobody is let in. Hashes are
 * compared, so that neither the length nor a prefix of the token shows in the time taken.
 */
export function hasBearerToken(header: string | null, token: string | undefined): boolean {
  const presented = /^Bearer ([!-~]{1,512})$/i.exec(header ?? "")?.[1];
  if (token === undefined || presented === undefined) return false;
  return timingSafeEqual(sha256(presented), sha256(token));
}

const sha256 = (text: string): Buffer => createHash("sha256").update(text).digest();
