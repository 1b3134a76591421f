import type { Dialect, FieldRule } from "@lensai/otel-config/dialects/dialect";
import { DIALECTS } from "@lensai/otel-config/dialects/dialects";
import { USAGE_RULES, type UsageRule } from "@lensai/otel-config/usage/usage-rules";
import { cellText, markdownTable } from "./markdown-table.ts";

/** How the records of each dialect are told from others. */
export function dialectSigns(): string {
  const rows = DIALECTS.map(({ name, signs }) => [
    `\`${name}\``,
    codes(signs.scopes),
    codes(signs.attributes),
    codes([
      ...(signs.names ?? []),
      ...(signs.services ?? []).map((each) => `service.name=${each}`),
    ]),
  ]);
  return markdownTable(["dialect", "scope", "attribute", "name or service"], rows);
}

/** What each dialect fills, and from which attributes. */
export function dialectFields(): string {
  return [...DIALECTS].reverse().map(sectionOf).join("\n");
}

function sectionOf(dialect: Dialect): string {
  const names = new Map<string, string[]>();
  const put = (field: string, entry: string): void => {
    names.set(field, [...(names.get(field) ?? []), entry]);
  };
  for (const rule of dialect.fields) {
    for (const name of rule.names) {
      if (rule.kind !== "json") put(targetOf(rule), `\`${name}\``);
      for (const { field, kind, path } of rule.members ?? []) {
        const inside = path.length === 0 ? "" : ` → \`${path.join(".")}\``;
        put(targetOf({ field, kind }), `\`${name}\`${inside}`);
      }
    }
  }
  const rows = [...names].map(([field, entries]) => [field, cellText(entries.join(", "))]);
  return `### ${dialect.name}\n\n${markdownTable(["fills", "from"], rows)}`;
}

function targetOf({ field, kind }: Pick<FieldRule, "field"> & { kind: string }): string {
  if (kind === "tokens") return `usage: ${field}`;
  if (kind === "usage") return "usage, as the provider sent it";
  if (kind === "from_cache") return "answered from a cache";
  return field === "" ? "failed" : `\`${field}\``;
}

/** What is known about how producers count. */
export function usageRules(): string {
  const rows = USAGE_RULES.map((rule) => [`\`${rule.name}\``, appliesTo(rule), says(rule)]);
  return markdownTable(["rule", "applies to", "says"], rows);
}

function appliesTo({
  scopes = [],
  dialects = [],
  providers = [],
  versionBelow,
}: UsageRule): string {
  const names = codes([...scopes, ...dialects, ...providers]);
  return versionBelow === undefined ? names : `${names} before ${versionBelow}`;
}

function says(rule: UsageRule): string {
  const parts = [
    rule.input === undefined ? "" : `input is ${rule.input} of cached tokens`,
    rule.output === undefined ? "" : `output is ${rule.output} of reasoning tokens`,
    rule.advice ?? "",
  ];
  return cellText(parts.filter((part) => part !== "").join("; "));
}

function codes(texts: readonly string[] | undefined): string {
  return cellText((texts ?? []).map((text) => `\`${text}\``).join(", "));
}
