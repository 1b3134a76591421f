import { LensError } from "@lensai/otel-config/errors";
import { checkFiles } from "../lake/check-files.ts";
import type { FileFault } from "../lake/check-files.ts";
import type { ManifestFile } from "../lake/manifest.ts";
import { parseArguments, requireWords } from "./arguments.ts";
import type { Command } from "./cli-context.ts";
import { withLake } from "./cli-lake.ts";

/** More than fit a message are counted. */
const FAULTS_SHOWN_MAX = 20;

/** Reads all of the lake, and changes nothing; safe beside everything else. */
export const verifyLake: Command = {
  path: ["verify", "lake"],
  usage: "",
  summary: "are the files of the lake, byte by byte, what was committed",
  run: async (argv, context) => {
    const { positionals } = parseArguments(argv, {});
    requireWords(positionals, []);
    await withLake(context, async ({ lake, freshIndex }) => {
      const files = (await freshIndex()).allFiles();
      const faults = await checkFiles(lake.store, files);
      // What compaction has replaced meanwhile is no loss.
      const index = faults.length === 0 ? undefined : await freshIndex();
      const lasting = faults.filter(({ key }) => index?.hasFile(key) === true);
      if (lasting.length > 0) throw notIntact(lasting, files.length);
      context.write(reportOf(files));
    });
  },
};

function notIntact(faults: readonly FileFault[], fileCount: number): LensError {
  const lines = faults.slice(0, FAULTS_SHOWN_MAX).map(({ key, what }) => `  ${key} ${what}`);
  const more = faults.length - lines.length;
  const rest = more === 0 ? [] : [`  and ${more} more`];
  return new LensError(
    "lake.file_corrupt",
    [
      `${faults.length} of ${fileCount} files are not what was committed; take them from a backup or from another version of the object`,
      ...lines,
      ...rest,
    ].join("\n"),
  );
}

function reportOf(files: readonly ManifestFile[]): string {
  const sum = (of: (file: ManifestFile) => number): number =>
    files.reduce((total, file) => total + of(file), 0);
  const rows = sum((file) => (file.kind === "spans" ? file.rows : 0));
  return [
    `intact: ${files.length} files with ${rows} records, ${sum((file) => file.sizeBytes)} bytes`,
    "",
    "not proven: that nobody has changed a file together with its commit; whoever may write to the lake can. An object lock or versions of the bucket keep that from happening",
    "",
  ].join("\n");
}
