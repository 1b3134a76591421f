import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { ScenarioResult } from "../../conformance/run-scenario.ts";

/** What the page about clients shows: the newest verdict of every scenario. */
export interface StoredVerdict {
  readonly client: string;
  readonly scenario: string;
  readonly packages: Readonly<Record<string, string>>;
  readonly date: string;
  readonly grade: "right" | "honest" | "wrong";
  readonly reasons: readonly string[];
}

const FILES = {
  /** Of every client in its recorded version. */
  clients: fileURLToPath(new URL("../verdicts.json", import.meta.url)),
  /** Of our own client with several versions of each SDK. */
  versions: fileURLToPath(new URL("../version-verdicts.json", import.meta.url)),
};
type VerdictFile = keyof typeof FILES;

export function readVerdicts(file: VerdictFile): StoredVerdict[] {
  const path = FILES[file];
  return existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as StoredVerdict[]) : [];
}

/** Replaces the verdicts of the scenarios that ran; the file is in the order of their names. */
export function storeVerdicts(file: VerdictFile, results: readonly ScenarioResult[]): void {
  const byName = new Map(readVerdicts(file).map((verdict) => [nameOf(verdict), verdict]));
  for (const result of results) {
    const verdict = toStored(result);
    byName.set(nameOf(verdict), verdict);
  }
  const verdicts = [...byName.values()].sort((left, right) =>
    nameOf(left).localeCompare(nameOf(right)),
  );
  writeFileSync(FILES[file], `${JSON.stringify(verdicts, undefined, 2)}\n`);
}

const nameOf = ({ client, scenario }: StoredVerdict): string => `${client}/${scenario}`;

function toStored({ scenario, verdict }: ScenarioResult): StoredVerdict {
  const text = readFileSync(join(scenario.folder, "truth.json"), "utf8");
  const { packages, date } = JSON.parse(text) as Pick<StoredVerdict, "packages" | "date">;
  const { grade, reasons } = verdict;
  return { client: scenario.client, scenario: scenario.name, packages, date, grade, reasons };
}
