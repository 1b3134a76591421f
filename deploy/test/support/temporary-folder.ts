import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface TemporaryFolder {
  readonly path: string;
  remove(): void;
}

/**
 * A folder of its own, with a space in its name because paths have spaces. Passable for everyone (mkdtemp makes it
 * private), so that as root the database below it can be reached by the account it runs as.
 */
export function temporaryFolder(mode = 0o711): TemporaryFolder {
  const path = mkdtempSync(join(tmpdir(), "lensai test "));
  chmodSync(path, mode);
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}
