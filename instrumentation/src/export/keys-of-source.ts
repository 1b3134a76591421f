import type { SigningSource } from "./export-settings.ts";
import { fixedKeys } from "./signing-keys.ts";
import type { SigningKeys } from "./signing-keys.ts";
import { keysInFile } from "./signing-key-file.ts";

/** The keys that settings name. */
export function keysOfSource(source: SigningSource): SigningKeys {
  return "file" in source ? keysInFile(source.file) : fixedKeys(source);
}
