/** One value that a change has made another; a side that is undefined had none. */
export interface AuditChange {
  /** "scope.team" */
  readonly path: string;
  readonly before: string | undefined;
  readonly after: string | undefined;
}

/** What the page says of the newest seal of the lake: the part of a command that it was kept by, or why it cannot be used. */
export type LakeSealNote =
  | { readonly kept: string; readonly sealedAtMs: number }
  | { readonly problem: string };

/** What an entry's `before` and `after` differ in, by path; what is the same on both sides is left out. */
export function auditChanges(before: unknown, after: unknown): AuditChange[] {
  const [was, is] = [leavesOf(before), leavesOf(after)];
  const paths = [...new Set([...was.keys(), ...is.keys()])];
  return paths
    .map((path) => ({ path, before: was.get(path), after: is.get(path) }))
    .filter((change) => change.before !== change.after);
}

/** Values that are not objects, as text, by their paths. */
function leavesOf(value: unknown, path = ""): Map<string, string> {
  if (value === null || value === undefined) return new Map();
  if (typeof value !== "object" || Array.isArray(value)) {
    return new Map([[path, typeof value === "string" ? value : JSON.stringify(value)]]);
  }
  return new Map(
    Object.entries(value).flatMap(([name, member]) =>
      Array.from(leavesOf(member, path === "" ? name : `${path}.${name}`)),
    ),
  );
}

/** "signing_secret.create" is "signing secret: create". */
export function actionWords(action: string): string {
  const [noun = "", verb = ""] = action.split(".");
  return `${noun.replaceAll("_", " ")}: ${verb.replaceAll("_", " ")}`;
}

/** The page of the project where a subject of this kind is found. */
const PAGES: Readonly<Record<string, string>> = {
  kill_switch: "control",
  budget: "budgets",
  budget_override: "budgets",
  api_key: "settings",
  signing_secret: "settings",
  project: "settings",
  alert_channel: "alerts",
  price: "prices",
};

/** Undefined where there is no page for it. */
export function subjectHref(action: string, projectId: string | null): string | undefined {
  const page = PAGES[action.split(".")[0] ?? ""];
  return page === undefined || projectId === null ? undefined : `/projects/${projectId}/${page}`;
}
