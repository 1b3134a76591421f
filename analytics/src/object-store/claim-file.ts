import { open, readdir, rm } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { errnoCode, isMissingFile } from "./file-error.ts";

/** Held until it is released, which may be done twice. */
export interface Claim {
  release(): Promise<void>;
}

/** Another has it, or wants it at the same moment. */
export interface ClaimRefused {
  readonly heldBy: string;
}

export interface Claimant {
  /** Unlike that of any other claim, and part of a file name. */
  readonly owner: string;
  /** Will the owner of another claim never release it? `file` is its claim. */
  readonly isGone: (owner: string, file: string) => Promise<boolean>;
}

/**
 * Claims what a path stands for. A claim is a file of its own, `<path>.<owner>`: made first, and only then looked
 * whether there are others. So of two who claim at the same moment at least one sees the other and lets go, perhaps both:
 * who wants it then asks again after a pause that is not the other's. Only its owner removes a claim, and who knows that its
 * owner is gone; nobody can remove the claim of somebody who was faster.
 */
export async function tryClaim(
  path: string,
  { owner, isGone }: Claimant,
): Promise<Claim | ClaimRefused> {
  const file = `${path}.${owner}`;
  if (!(await create(file))) return { heldBy: owner };
  const release = (): Promise<void> => rm(file, { force: true });
  try {
    for (const other of await ownersOf(path)) {
      if (other === owner) continue;
      if (!(await isGone(other, `${path}.${other}`))) {
        await release();
        return { heldBy: other };
      }
      await rm(`${path}.${other}`, { force: true });
    }
  } catch (error) {
    await release();
    throw error;
  }
  return { release };
}

/** Who has made a claim, gone or not. */
export async function ownersOf(path: string): Promise<string[]> {
  const prefix = `${basename(path)}.`;
  try {
    const names = await readdir(dirname(path));
    return names.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length));
  } catch (error) {
    if (isMissingFile(error)) return [];
    throw error;
  }
}

async function create(file: string): Promise<boolean> {
  try {
    await (await open(file, "wx", 0o600)).close();
    return true;
  } catch (error) {
    if (errnoCode(error) === "EEXIST") return false;
    throw error;
  }
}
