import type { DoctorOptions } from "./run-doctor.ts";
import { runDoctor } from "./run-doctor.ts";
import type { Finding } from "./finding.ts";

export interface DoctorProcess extends Omit<DoctorOptions, "isOffline"> {
  readonly write: (text: string) => void;
}

const USAGE = `usage: lensai-doctor [--json] [--offline]

Says what keeps calls of models in this folder's application from being counted, and what to do.
Sends one test span, which costs nothing.

  --json      findings as JSON: [{ check, level, what, advice }]
  --offline   asks no collector

Exit code 0: nothing is wrong; 1: there are problems; 2: wrong usage.
`;

const OPTIONS: ReadonlySet<string> = new Set(["--json", "--offline", "--help", "-h"]);
const MARKS: Readonly<Record<Finding["level"], string>> = {
  ok: "ok      ",
  warning: "warning ",
  problem: "PROBLEM ",
};

/** Prints what is found; answers with the exit code. */
export async function doctorCommand(
  args: readonly string[],
  { write, ...surroundings }: DoctorProcess,
): Promise<number> {
  const isUnknown = args.some((arg) => !OPTIONS.has(arg));
  if (isUnknown || args.includes("--help") || args.includes("-h")) {
    write(USAGE);
    return isUnknown ? 2 : 0;
  }
  const findings = await runDoctor({ ...surroundings, isOffline: args.includes("--offline") });
  write(args.includes("--json") ? `${JSON.stringify(findings, null, 2)}\n` : textOf(findings));
  return findings.some(({ level }) => level === "problem") ? 1 : 0;
}

function textOf(findings: readonly Finding[]): string {
  const lines = findings.map(({ level, check, what, advice }) => {
    const line = `${MARKS[level]} ${check}: ${what}`;
    return advice === undefined ? line : `${line}\n          ${advice}`;
  });
  return `${lines.join("\n")}\n`;
}
