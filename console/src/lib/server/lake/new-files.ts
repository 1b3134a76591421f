import type { ManifestCommit, ManifestFile } from "@lensai/analytics/lake/manifest";

/** Files of the lake as they come to count, for each of those who follow it. */
export class NewFiles {
  readonly #followers: ManifestFile[][] = [];

  /** Answers with a function that takes what came since it was last called, and these first. */
  follow(first: readonly ManifestFile[]): () => ManifestFile[] {
    const files = [...first];
    this.#followers.push(files);
    return () => files.splice(0);
  }

  add(files: readonly ManifestFile[]): void {
    for (const list of this.#followers) for (const file of files) list.push(file);
  }

  /** Commits that remove files hold rows anew that others have told of. */
  addCommits(commits: readonly ManifestCommit[]): void {
    for (const { add, remove } of commits) if (remove.length === 0) this.add(add);
  }
}
