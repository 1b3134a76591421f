import { LensError } from "@lensai/otel-config/errors";
import { signingSecretOf } from "@lensai/otel-config/signing/sign-request";
import { KEY_ID_PATTERN } from "@lensai/otel-config/signing/signature-base";

/** What exports are signed with. */
export interface SigningKey {
  readonly keyId: string;
  readonly secret: Uint8Array<ArrayBuffer>;
}

/** Where the keys of a process come from; the first is tried first, the others while secrets change. */
export interface SigningKeys {
  /** Never empty. Rejects with LensError `config.invalid` when there is no usable key. */
  read(): Promise<readonly SigningKey[]>;
}

/** Two are in use while a secret is replaced; more would only be tried in vain. */
const KEYS_MAX = 2;

/** One key that does not change. */
export function fixedKeys({ keyId, secret }: { keyId: string; secret: string }): SigningKeys {
  let keys: readonly SigningKey[] | undefined;
  return { read: async () => (keys ??= [parseKey(keyId, secret)]) };
}

/**
 * Reads a file of keys: one per line, the id and the secret with a space between; lines that are empty or begin
 * with # do not count. Throws LensError `config.invalid`; the message repeats no secret.
 */
export function parseKeyFile(text: string): readonly SigningKey[] {
  const lines = text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
  if (lines.length === 0)
    throw new LensError("config.invalid", "the file of signing keys is empty");
  if (lines.length > KEYS_MAX) {
    throw new LensError(
      "config.invalid",
      `the file of signing keys has ${lines.length} keys, more than ${KEYS_MAX}; remove the oldest`,
    );
  }
  return lines.map((line) => {
    const [keyId = "", secret = "", ...rest] = line.split(/\s+/);
    if (rest.length > 0) {
      throw new LensError(
        "config.invalid",
        "a line of the file of signing keys is not <id> <secret>",
      );
    }
    return parseKey(keyId, secret);
  });
}

function parseKey(keyId: string, secret: string): SigningKey {
  if (!KEY_ID_PATTERN.test(keyId)) {
    throw new LensError(
      "config.invalid",
      "the id of the signing secret has other characters than ids have",
    );
  }
  return { keyId, secret: signingSecretOf(padded(secret)) };
}

/** base64url, as the console shows secrets, in the alphabet and with the padding of base64. */
function padded(secret: string): string {
  const base64 = secret.replaceAll("-", "+").replaceAll("_", "/");
  return base64.padEnd(Math.ceil(base64.length / 4) * 4, "=");
}
