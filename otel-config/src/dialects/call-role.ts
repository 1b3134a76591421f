/** What a record is in the life of a model call; only model calls can be billed. */
export type CallRole =
  | "inference"
  | "embedding"
  | "rerank"
  | "image"
  | "audio"
  | "tool"
  | "retrieval"
  | "agent"
  | "step"
  | "workflow"
  | "chain"
  | "other";

/** gen_ai.operation.name to role: the registry's values first, then values seen in the field. */
const ROLE_BY_OPERATION: Readonly<Record<string, CallRole>> = {
  chat: "inference",
  generate_content: "inference",
  text_completion: "inference",
  completion: "inference",
  embeddings: "embedding",
  rerank: "rerank",
  image_generation: "image",
  speech: "audio",
  transcription: "audio",
  execute_tool: "tool",
  retrieval: "retrieval",
  invoke_agent: "agent",
  create_agent: "agent",
  agent_step: "step",
  plan: "step",
  invoke_workflow: "workflow",
  // Reads an answer that was produced, and billed, by an earlier call.
  fetch_response: "other",
};

/** Role of an operation; undefined operations and unknown values are "other". */
export function callRoleOf(operation: string | undefined): CallRole {
  if (operation === undefined) return "other";
  return ROLE_BY_OPERATION[operation.toLowerCase()] ?? "other";
}

const MODEL_CALLS: ReadonlySet<CallRole> = new Set([
  "inference",
  "embedding",
  "rerank",
  "image",
  "audio",
]);

/** Roles whose records are calls to a model, with a price of their own. */
export function isModelCall(role: CallRole): boolean {
  return MODEL_CALLS.has(role);
}
