/**
 * Whose work a call was. An application says it once, on the span of the agent, the workflow or the request, and the
 * calls below are made by libraries that know nothing of it: they inherit what they do not say themselves.
 */
export const INHERITED_COLUMNS = [
  "user_id",
  "session_id",
  "tenant",
  "team",
  "feature",
  "route",
  "prompt_name",
  "prompt_version",
  "agent_name",
] as const;

export type InheritedColumn = (typeof INHERITED_COLUMNS)[number];

/** What a record says itself; absent columns are undefined. */
export type Attribution = Readonly<Partial<Record<InheritedColumn, string>>>;

export interface AttributedSpan {
  /** The span around it; undefined for a root. */
  readonly parent: string | undefined;
  readonly own: Attribution;
}

/** Further up is a broken trace: the walk ends there, and with it a circle of parents. */
const DEPTH_MAX = 512;

/**
 * What a record inherits: for each column that it does not fill, what the nearest span around it says. A prompt's
 * name and version come from one span: a version without its name says nothing about another name.
 */
export function inheritedAttribution(
  { parent, own }: AttributedSpan,
  find: (span: string) => AttributedSpan | undefined,
): Attribution {
  const inherited: Partial<Record<InheritedColumn, string>> = {};
  const open = new Set(INHERITED_COLUMNS.filter((name) => own[name] === undefined));
  if (own.prompt_name !== undefined) open.delete("prompt_version");
  let span = parent;
  for (let depth = 0; span !== undefined && open.size > 0 && depth < DEPTH_MAX; depth += 1) {
    const around = find(span);
    if (around === undefined) break;
    for (const name of open) {
      const value = around.own[name];
      if (value === undefined) continue;
      inherited[name] = value;
      open.delete(name);
      if (name === "prompt_name") takeVersion(around.own, inherited, open);
    }
    span = around.parent;
  }
  return inherited;
}

function takeVersion(
  own: Attribution,
  inherited: Partial<Record<InheritedColumn, string>>,
  open: Set<InheritedColumn>,
): void {
  if (!open.delete("prompt_version")) return;
  if (own.prompt_version !== undefined) inherited.prompt_version = own.prompt_version;
}
