import { LensError } from "@lensai/otel-config/errors";

/** The one form in which every start-up problem is reported; `details.problems` has them one by one. */
export function configInvalid(problems: readonly string[]): LensError {
  const lines = problems.map((problem) => `\n  - ${problem}`).join("");
  return new LensError("config.invalid", `the collector cannot start:${lines}`, {
    details: { problems },
  });
}
