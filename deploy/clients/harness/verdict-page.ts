import { cellText, markdownTable } from "../../tooling/markdown-table.ts";
import type { Client } from "./client.ts";
import type { StoredVerdict } from "./verdict-file.ts";

const GRADES = { right: "right", honest: "marked", wrong: "WRONG" } as const;

/** One section per client: what was run and when, the verdict of each scenario, and what its users can do. */
export function clientSections(
  clients: readonly Client[],
  verdicts: readonly StoredVerdict[],
): string {
  return clients.map((client) => sectionOf(client, verdicts)).join("\n");
}

/** Version by scenario: what our own instrumentation sends of each SDK's calls. */
export function versionTable(verdicts: readonly StoredVerdict[]): string {
  const rows = verdicts.map(({ packages, scenario, grade, reasons, date }) => [
    Object.entries(packages)
      .map(([name, version]) => `\`${name}\` ${version}`)
      .join(", "),
    scenario,
    GRADES[grade],
    cellText(reasons.join("; ")),
    date,
  ]);
  return markdownTable(["SDK", "scenario", "verdict", "what was not sent", "run on"], rows);
}

function sectionOf(client: Client, verdicts: readonly StoredVerdict[]): string {
  const own = verdicts.filter((verdict) => verdict.client === client.name);
  const [first] = own;
  const rows = own.map(({ scenario, grade, reasons }) => [
    scenario,
    GRADES[grade],
    cellText(reasons.join("; ")),
  ]);
  const versions = Object.entries(first?.packages ?? {})
    .map(([name, version]) => `\`${name}\` ${version}`)
    .join(", ");
  return [
    `### ${client.title}`,
    "",
    `Recorded on ${first?.date ?? "no day yet"} with ${versions}.`,
    "",
    markdownTable(["scenario", "verdict", "what the client did not send"], rows),
    client.advice,
    "",
  ].join("\n");
}
