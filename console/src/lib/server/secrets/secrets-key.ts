import { randomBytes } from "node:crypto";
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { LensError } from "@lensai/otel-config/errors";
import { SECRETS_KEY_BYTES } from "./secret-box.ts";

/** The key that secrets in the database are sealed with, when LENSAI_SECRETS_KEY gives none. */
const FILE_NAME = "secrets-key";

/**
 * The key of LENSAI_SECRETS_KEY, or the one in the data folder, which is made (mode 0600) when there is none. Several
 * consoles on one database need the setting: each would make a file of its own.
 */
export function secretsKey(setting: string | undefined, dataFolder: string): () => Uint8Array {
  let key: Uint8Array | undefined = setting === undefined ? undefined : parseSecretsKey(setting);
  return () => (key ??= keptKey(dataFolder));
}

/** 32 bytes in base64 or base64url. Throws LensError `config.invalid`, without the text. */
export function parseSecretsKey(text: string): Uint8Array {
  const key = Buffer.from(text.trim(), "base64url");
  if (key.length === SECRETS_KEY_BYTES && /^[\w+/-]+=*$/.test(text.trim())) return key;
  throw new LensError(
    "config.invalid",
    `LENSAI_SECRETS_KEY is not the base64 of ${SECRETS_KEY_BYTES} bytes: make one with "openssl rand -base64 32"`,
  );
}

function keptKey(dataFolder: string): Uint8Array {
  const file = join(dataFolder, FILE_NAME);
  const kept = readIfPresent(file);
  if (kept !== undefined) return parseSecretsKey(kept);
  mkdirSync(dataFolder, { recursive: true });
  const text = randomBytes(SECRETS_KEY_BYTES).toString("base64url");
  // Linked, not renamed: of two that start at once, one key stays, and both read that one.
  const unfinished = `${file}.${process.pid}`;
  writeFileSync(unfinished, `${text}\n`, { mode: 0o600 });
  try {
    linkSync(unfinished, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  } finally {
    rmSync(unfinished, { force: true });
  }
  return parseSecretsKey(readFileSync(file, "utf8"));
}

function readIfPresent(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
