import { formatCompactCount } from "./count.ts";

/** "1,234" for both sides together, "748 in" where only one was reported (embeddings have no output), "unknown". */
export function formatTokens(input: number | undefined, output: number | undefined): string {
  if (input === undefined && output === undefined) return "unknown";
  if (output === undefined) return `${formatCompactCount(input)} in`;
  if (input === undefined) return `${formatCompactCount(output)} out`;
  return formatCompactCount(input + output);
}
