import { readFile, stat } from "node:fs/promises";
import { parseKeyFile } from "./signing-keys.ts";
import type { SigningKey, SigningKeys } from "./signing-keys.ts";

/**
 * Keys in a file that may change while the process runs. It is looked at before every export, of which there is
 * one in a second at most, and read when it has changed. A file that cannot be read any longer leaves the keys
 * that were read before.
 */
export function keysInFile(path: string): SigningKeys {
  let keys: readonly SigningKey[] | undefined;
  let stamp: string | undefined;
  return {
    async read() {
      try {
        const { mtimeMs, size, ino } = await stat(path);
        const current = `${mtimeMs} ${size} ${ino}`;
        if (keys !== undefined && current === stamp) return keys;
        keys = parseKeyFile(await readFile(path, "utf8"));
        stamp = current;
        return keys;
      } catch (error) {
        if (keys === undefined) throw error;
        return keys;
      }
    },
  };
}
