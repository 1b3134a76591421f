/**
 * Metrics that LensAI stores: usage and cost of model calls, what exporters say they dropped, and what our own
 * collectors say they refused. All
 * other metrics are accepted and counted, because exporters would otherwise retry them for ever.
 */
export const STORED_METRIC_PREFIXES: readonly string[] = [
  "gen_ai.",
  "lensai.ingest.",
  "claude_code.",
  "codex.",
  "gemini_cli.",
  "qwen-code.",
  "llm.",
  "mastra_",
  "operation.cost",
  "otel.sdk.exporter.",
  "otel.sdk.processor.",
];

export function isStoredMetric(name: string): boolean {
  return STORED_METRIC_PREFIXES.some((prefix) => name.startsWith(prefix));
}
