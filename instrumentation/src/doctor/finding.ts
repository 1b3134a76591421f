/** What the doctor has looked at, and what it has to say about it. */
export interface Finding {
  /** Stable, for programs that read `--json`. */
  readonly check: string;
  /** A problem: spans do not arrive, or not all of them. A warning: something to know. */
  readonly level: "ok" | "warning" | "problem";
  /** What is so; never a value of a secret. */
  readonly what: string;
  /** What to do about it. */
  readonly advice?: string;
}

export const ok = (check: string, what: string): Finding => ({ check, level: "ok", what });

export const warning = (check: string, what: string, advice: string): Finding => ({
  check,
  level: "warning",
  what,
  advice,
});

export const problem = (check: string, what: string, advice: string): Finding => ({
  check,
  level: "problem",
  what,
  advice,
});
