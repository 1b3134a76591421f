import { LensError } from "@lensai/otel-config/errors";

/** One error for all problems, one per line. */
export function configError(problems: readonly string[]): LensError {
  return new LensError(
    "config.invalid",
    `nothing was started:${problems.map((problem) => `\n  - ${problem}`).join("")}`,
  );
}
