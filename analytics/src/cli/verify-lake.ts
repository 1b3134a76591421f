import { LensError } from "@lensai/otel-config/errors";
import { PUBLIC_KEY_ID_PATTERN } from "@lensai/otel-config/signing/ed25519";
import { checkFiles } from "../lake/check-files.ts";
import type { FileFault } from "../lake/check-files.ts";
import type { ManifestFile } from "../lake/manifest.ts";
import { checkSeals } from "../seals/check-seals.ts";
import type { CheckOptions, KeptSeal, SealCheck } from "../seals/check-seals.ts";
import { parseArguments, requireWords, usageError } from "./arguments.ts";
import type { Command } from "./cli-context.ts";
import { withLake } from "./cli-lake.ts";

/** More than fit a message are counted. */
const FAULTS_SHOWN_MAX = 20;

/** Reads all of the lake, and changes nothing; safe beside everything else. */
export const verifyLake: Command = {
  path: ["verify", "lake"],
  usage: "[--key <ed25519:...>] [--since <number>:<sha256>]",
  summary:
    "are the files of the lake, byte by byte, what was committed, and the commits what was sealed",
  run: async (argv, context) => {
    const { values, positionals } = parseArguments(argv, {
      key: { type: "string" },
      since: { type: "string" },
    });
    requireWords(positionals, []);
    const options = { keyId: keyOf(values.key), since: keptSealOf(values.since) };
    await withLake(context, async ({ lake, freshIndex }) => {
      const seals = await checkSeals(lake, options);
      const files = (await freshIndex()).allFiles();
      const faults = await checkFiles(lake.store, files);
      // What compaction has replaced meanwhile is no loss.
      const index = faults.length === 0 ? undefined : await freshIndex();
      const lasting = faults.filter(({ key }) => index?.hasFile(key) === true);
      if (lasting.length > 0) throw notIntact(lasting, files.length);
      context.write([...reportOf(files), ...sealLines(seals, options), ""].join("\n"));
    });
  },
};

function keyOf(text: string | undefined): string | undefined {
  if (text === undefined || PUBLIC_KEY_ID_PATTERN.test(text)) return text;
  throw usageError(`--key: "${text.slice(0, 80)}" is not a public key as ed25519:...`);
}

function keptSealOf(text: string | undefined): KeptSeal | undefined {
  if (text === undefined) return undefined;
  const [, number, sha256] = /^([1-9]\d{0,9}):([0-9a-f]{64})$/.exec(text) ?? [];
  if (number !== undefined && sha256 !== undefined) return { number: Number(number), sha256 };
  throw usageError(
    `--since: "${text.slice(0, 80)}" is not <number>:<sha256>, as an earlier run has printed it`,
  );
}

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

function reportOf(files: readonly ManifestFile[]): string[] {
  const sum = (of: (file: ManifestFile) => number): number =>
    files.reduce((total, file) => total + of(file), 0);
  const rows = sum((file) => (file.kind === "spans" ? file.rows : 0));
  return [
    `intact: ${files.length} files with ${rows} records, ${sum((file) => file.sizeBytes)} bytes`,
  ];
}

function sealLines(check: SealCheck | undefined, { keyId, since }: CheckOptions): string[] {
  if (check === undefined) {
    return [
      "",
      "not proven: that nobody has changed a file together with its commit; whoever may write to the lake can. A console seals what lands some minutes later",
    ];
  }
  const { newest, filesSince, gaps } = check;
  const { number, sealedAt, files, records, goneRecords } = newest.seal;
  const what = `${files} files with ${records} records`;
  return [
    filesSince === undefined
      ? `seal ${number} of ${sealedAt} is whole: ${what}`
      : `sealed: what counted at ${sealedAt}, ${what}; ${filesSince === 1 ? "1 file" : `${filesSince} files`} came since`,
    `signed by ${newest.keyId}`,
    `let go since the first seal: ${goneRecords} records`,
    ...(since === undefined ? [] : [`seals ${since.number} to ${number} follow one another`]),
    `keep ${number}:${newest.sha256} elsewhere: --since tells later whether anything before it was changed`,
    "",
    ...(filesSince === undefined
      ? [
          "not proven: that what was sealed is what there is; commits of that time are gone, and a console that runs seals anew some minutes later",
        ]
      : []),
    ...(gaps.length === 0
      ? []
      : [
          `not proven: that nothing was changed before seal ${gaps.join(", ")}; commits of that time were gone when it was made`,
        ]),
    ...(keyId === undefined
      ? ["not proven: whose key it is; compare it with the console's, or give --key"]
      : []),
    ...(since === undefined
      ? ["not proven: that there was no later seal, or another one; --since with one that was kept"]
      : []),
  ];
}
