/** What Jest and Vitest write with `--json`, as far as it is read. */
export interface SuiteReport {
  readonly testResults: readonly {
    readonly name: string;
    /** Of the file: it may have failed before its first test. */
    readonly status: string;
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[];
  }[];
}

export interface ComparedReports {
  /** Tests that passed with the instrumentation, of those that ran. */
  readonly passed: number;
  readonly ran: number;
  /** Those that end in another way with it than without, and how: "fails: file: test". */
  readonly differences: readonly string[];
  /** Those that fail without it. */
  readonly failedWithout: readonly string[];
}

const NOT_RUN: ReadonlySet<string> = new Set(["pending", "skipped", "todo", "disabled"]);

/** The same suite twice: without the instrumentation, and with it. */
export function compareReports(without: SuiteReport, observed: SuiteReport): ComparedReports {
  const before = outcomesOf(without);
  const after = outcomesOf(observed);
  const statuses = [...after.values()];
  const names = new Set([...before.keys(), ...after.keys()]);
  return {
    passed: statuses.filter((status) => status === "passed").length,
    ran: statuses.filter((status) => !NOT_RUN.has(status)).length,
    differences: [...names]
      .filter((name) => before.get(name) !== after.get(name))
      .map((name) => `${before.get(name) ?? "absent"} -> ${after.get(name) ?? "absent"}: ${name}`),
    failedWithout: [...before].filter(([, status]) => status === "failed").map(([name]) => name),
  };
}

/** By file and name; the second test of the same name is another one. */
function outcomesOf({ testResults }: SuiteReport): ReadonlyMap<string, string> {
  const outcomes = new Map<string, string>();
  for (const { name: file, status: fileStatus, assertionResults } of testResults) {
    if (assertionResults.length === 0) outcomes.set(`${file}: the file itself`, fileStatus);
    for (const { fullName, status } of assertionResults) {
      let key = `${file}: ${fullName}`;
      while (outcomes.has(key)) key += "'";
      outcomes.set(key, status);
    }
  }
  return outcomes;
}
