import { BILL_RULES, isBilledRule, type BillRule } from "@lensai/otel-config/billing/bill-rule";
import { RULES, type RedactionRule } from "@lensai/otel-config/redaction/rules";
import { SETTINGS, type SettingSpec } from "@lensai/otel-config/settings";
import { SPAN_COLUMNS, type ColumnSpec } from "@lensai/otel-config/span-row/columns";
import { CLIENTS } from "../clients/harness/client-list.ts";
import { readVerdicts } from "../clients/harness/verdict-file.ts";
import { clientSections, versionTable } from "../clients/harness/verdict-page.ts";
import { dialectFields, dialectSigns, usageRules } from "./dialects-page.ts";
import { cellText, markdownTable } from "./markdown-table.ts";
import { contentVectorsJson } from "./python-content-vectors.ts";
import { deferredVectorsJson } from "./python-deferred-vectors.ts";
import { guardVectorsJson } from "./python-guard-vectors.ts";
import { priceVectorsJson, pricesJson } from "./python-prices.ts";
import { redactionVectorsJson } from "./python-redaction-vectors.ts";
import { redactionTablesJson, wireTablesJson } from "./python-tables.ts";
import { wireVectorsJson } from "./python-vectors.ts";

/** A file of the repository whose content, or a marked part of it, is derived from a source. */
export interface GeneratedFile {
  readonly path: string;
  /** Returns the whole new text from the present one. */
  readonly render: (present: string) => string;
}

export const GENERATED_FILES: readonly GeneratedFile[] = [
  { path: ".env.example", render: () => environmentExample(SETTINGS) },
  {
    path: "console/content/docs/settings.md",
    render: (present) => replaceMarked(present, "settings", settingsTable(SETTINGS)),
  },
  {
    path: "console/content/docs/span-row.md",
    render: (present) => replaceMarked(present, "span-row", columnsTable(SPAN_COLUMNS)),
  },
  {
    path: "console/content/docs/dialects.md",
    render: (present) =>
      [
        ["dialect-signs", dialectSigns()],
        ["usage-rules", usageRules()],
        ["dialect-fields", dialectFields()],
      ].reduce((page, [name = "", content = ""]) => replaceMarked(page, name, content), present),
  },
  {
    path: "console/content/docs/billing-once.md",
    render: (present) => replaceMarked(present, "bill-rules", billRulesTable()),
  },
  {
    path: "console/content/docs/clients.md",
    render: (present) =>
      [
        ["clients", clientSections(CLIENTS, readVerdicts("clients"))],
        ["client-versions", versionTable(readVerdicts("versions"))],
      ].reduce((page, [name = "", content = ""]) => replaceMarked(page, name, content), present),
  },
  {
    path: "console/content/docs/redaction.md",
    render: (present) => replaceMarked(present, "redaction-rules", rulesTable(RULES)),
  },
  { path: "adapters/python/src/lensai/wire_tables.json", render: () => wireTablesJson() },
  {
    path: "adapters/python/src/lensai/redaction_tables.json",
    render: () => redactionTablesJson(),
  },
  { path: "adapters/python/src/lensai/prices.json", render: () => pricesJson() },
  { path: "adapters/python/tests/vectors/wire.json", render: () => wireVectorsJson() },
  { path: "adapters/python/tests/vectors/deferred.json", render: () => deferredVectorsJson() },
  { path: "adapters/python/tests/vectors/content.json", render: () => contentVectorsJson() },
  { path: "adapters/python/tests/vectors/redaction.json", render: () => redactionVectorsJson() },
  { path: "adapters/python/tests/vectors/guard.json", render: () => guardVectorsJson() },
  { path: "adapters/python/tests/vectors/prices.json", render: () => priceVectorsJson() },
];

/** Replaces what stands between `<!-- generated:name -->` and `<!-- /generated:name -->`. */
export function replaceMarked(text: string, name: string, content: string): string {
  const begin = `<!-- generated:${name} -->`;
  const end = `<!-- /generated:${name} -->`;
  const from = text.indexOf(begin);
  const to = text.indexOf(end);
  if (from < 0 || to < from) throw new Error(`there is no pair of markers "generated:${name}"`);
  return `${text.slice(0, from)}${begin}\n\n${content}\n${text.slice(to)}`;
}

function billRulesTable(): string {
  const rows = Object.entries(BILL_RULES).map(([rule, meaning]) => [
    `\`${rule}\``,
    isBilledRule(rule as BillRule) ? "yes" : "no",
    cellText(meaning),
  ]);
  return markdownTable(["rule", "billed", "what it says"], rows);
}

function columnsTable(columns: readonly ColumnSpec[]): string {
  const rows = columns.map((column) => [
    `\`${column.name}\``,
    column.type,
    column.unit ?? "",
    column.nullable ? "yes" : "no",
    column.file,
    cellText(column.source),
  ]);
  return markdownTable(["column", "type", "unit", "NULL", "file", "from"], rows);
}

function rulesTable(rules: readonly RedactionRule[]): string {
  const rows = rules.map((rule) => [
    `\`${rule.label}\``,
    rule.pack,
    cellText(rule.matches),
    `[definition](${rule.source})`,
  ]);
  return markdownTable(["label", "pack", "what is masked", "source"], rows);
}

function settingsTable(settings: readonly SettingSpec[]): string {
  const rows = settings.map((setting) => [
    `\`${setting.name}\``,
    setting.default === undefined ? "" : `\`${setting.default}\``,
    setting.owners.join(", "),
    cellText(setting.description),
  ]);
  return markdownTable(["name", "default", "read by", "meaning"], rows);
}

/** Every setting commented out, so that the file changes nothing until somebody edits it. */
function environmentExample(settings: readonly SettingSpec[]): string {
  const entries = settings.map(
    (setting) => `# ${sentence(setting.description)}\n# ${setting.name}=${setting.default ?? ""}\n`,
  );
  return [
    "# All settings with their defaults. Copy to .env and uncomment what you change.",
    "# docker compose reads .env by itself; npx pnpm@12 start --env-file .env does so when told.",
    "# Generated from otel-config/src/settings.ts by npx pnpm@12 generate.",
    "",
    ...entries,
  ].join("\n");
}

const sentence = (text: string): string => `${text.slice(0, 1).toUpperCase()}${text.slice(1)}.`;
