/**
 * How the names of span events begin that tell of a part of an answer. A call with one of them was answered, and is
 * charged for, even when it broke off.
 */
export const ANSWER_EVENTS: readonly string[] = [
  // OpenTelemetry, before the messages became attributes.
  "gen_ai.choice",
  // OpenInference, at the first chunk.
  "First Token Stream Event",
  // MLflow, at every chunk.
  "mlflow.chunk.item.",
  // OpenLLMetry, at every chunk.
  "llm.content.completion.chunk",
];
