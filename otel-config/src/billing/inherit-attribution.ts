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
  const gathering = new Gathering(own);
  let span = parent;
  for (let depth = 0; span !== undefined && gathering.isOpen && depth < DEPTH_MAX; depth += 1) {
    const around = find(span);
    if (around === undefined) break;
    gathering.take(around.own);
    span = around.parent;
  }
  return gathering.inherited;
}

/**
 * What the record that is billed for a call inherits of the call's other records, each with what it says itself and
 * inherits: the first that says something counts.
 */
export function attributionOfCall(known: Attribution, others: readonly Attribution[]): Attribution {
  const gathering = new Gathering(known);
  for (const other of others) gathering.take(other);
  return gathering.inherited;
}

class Gathering {
  readonly inherited: Partial<Record<InheritedColumn, string>> = {};
  readonly #open: Set<InheritedColumn>;

  constructor(own: Attribution) {
    this.#open = new Set(INHERITED_COLUMNS.filter((name) => own[name] === undefined));
    if (own.prompt_name !== undefined) this.#open.delete("prompt_version");
  }

  get isOpen(): boolean {
    return this.#open.size > 0;
  }

  take(said: Attribution): void {
    for (const name of this.#open) {
      const value = said[name];
      if (value === undefined) continue;
      this.inherited[name] = value;
      this.#open.delete(name);
      if (name === "prompt_name") this.#takeVersion(said);
    }
  }

  #takeVersion(said: Attribution): void {
    if (!this.#open.delete("prompt_version")) return;
    if (said.prompt_version !== undefined) this.inherited.prompt_version = said.prompt_version;
  }
}
