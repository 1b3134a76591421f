import { optionalTimeOf, refuse, textOf } from "./section-fields.ts";
import type { SectionEntry } from "./section-fields.ts";

/** A secret that exports are signed with (HMAC). Revoked ones are not listed. */
export interface ControlSigningSecret {
  /** The `keyid` of signatures made with it. */
  readonly id: string;
  readonly projectId: string;
  /** base64url of 32 bytes or more, without padding. */
  readonly secret: string;
  /** ISO 8601, UTC: signatures are refused from then on. */
  readonly expiresAt?: string;
}

/** 32 bytes are 43 characters; nobody needs more than 128 bytes. */
const SECRET = /^[A-Za-z0-9_-]{43,171}$/;

export function parseSigningSecret(entry: SectionEntry): ControlSigningSecret {
  const secret = textOf(entry, "secret");
  if (!SECRET.test(secret)) refuse(`${entry.at}.secret is not base64url of at least 32 bytes`);
  const expiresAt = optionalTimeOf(entry, "expiresAt");
  return {
    id: textOf(entry, "id"),
    projectId: textOf(entry, "projectId"),
    secret,
    ...(expiresAt !== undefined && { expiresAt }),
  };
}
