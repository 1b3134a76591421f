import { createCipheriv, createDecipheriv } from "node:crypto";
import { LensError } from "@lensai/otel-config/errors";

/**
 * Secrets that must be read again, such as the token of a Slack app, lie in the database sealed with a key that does
 * not: a copy of the database alone opens none of them. AES-256-GCM; the name of the row is authenticated with it,
 * so that a sealed secret opens in its own row only.
 */
export interface SecretBox {
  /** `owner` names the row: "alert_channels/chan_1". */
  seal(owner: string, secret: string): Buffer;
  /** Throws LensError `config.invalid` when it was sealed with another key or for another row, or changed since. */
  open(owner: string, sealed: Uint8Array): string;
}

/** One byte of version, 12 of nonce, the text, 16 of tag. */
const VERSION = 1;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const CIPHER = "aes-256-gcm";
export const SECRETS_KEY_BYTES = 32;

export function createSecretBox(
  key: () => Uint8Array,
  randomBytes: (length: number) => Uint8Array,
): SecretBox {
  return {
    seal: (owner, secret) => {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv(CIPHER, key(), nonce).setAAD(Buffer.from(owner));
      const text = Buffer.concat([cipher.update(secret, "utf8"), cipher.final()]);
      return Buffer.concat([Buffer.of(VERSION), nonce, text, cipher.getAuthTag()]);
    },
    open: (owner, sealed) => {
      const nonceEnd = 1 + NONCE_BYTES;
      const textEnd = sealed.length - TAG_BYTES;
      if (sealed[0] !== VERSION || textEnd < nonceEnd) throw unreadable();
      const decipher = createDecipheriv(CIPHER, key(), sealed.subarray(1, nonceEnd))
        .setAAD(Buffer.from(owner))
        .setAuthTag(sealed.subarray(textEnd));
      const opened = decipher.update(sealed.subarray(nonceEnd, textEnd));
      try {
        return Buffer.concat([opened, decipher.final()]).toString("utf8");
      } catch {
        throw unreadable();
      }
    },
  };
}

function unreadable(): LensError {
  return new LensError(
    "config.invalid",
    "the stored secret cannot be opened: it was sealed with another LENSAI_SECRETS_KEY (or secrets-key file); bring that key back, or enter the secret again",
  );
}
