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
  /** An answer that came out of a cache of the application or of a gateway: no provider has worked for it. */
  | "cache"
  | "other";

/** gen_ai.operation.name to role: the registry's values first, then values seen in the field. */
const ROLE_BY_OPERATION: Readonly<Record<string, CallRole>> = {
  chat: "inference",
  generate_content: "inference",
  text_completion: "inference",
  embeddings: "embedding",
  execute_tool: "tool",
  retrieval: "retrieval",
  invoke_agent: "agent",
  create_agent: "agent",
  plan: "step",
  invoke_workflow: "workflow",
  // Semantic Kernel's .NET: of a stream its name may be all that tells it is a call.
  "chat.completions": "inference",
  "text.completions": "inference",
  // Free of charge.
  count_tokens: "other",
  // Reads an answer that was produced, and billed, by an earlier call.
  fetch_response: "other",
  search_memory: "other",
  create_memory: "other",
  update_memory: "other",
  upsert_memory: "other",
  delete_memory: "other",
  create_memory_store: "other",
  delete_memory_store: "other",
  completion: "inference",
  generate: "inference",
  llm_call: "inference",
  responses: "inference",
  embedding: "embedding",
  rerank: "rerank",
  image_generation: "image",
  image: "image",
  speech: "audio",
  transcription: "audio",
  audio: "audio",
  audio_generation: "audio",
  tool: "tool",
  tool_call: "tool",
  schedule_tool_calls: "step",
  agent: "agent",
  agent_call: "agent",
  user_prompt: "agent",
  agent_step: "step",
  task: "step",
  workflow: "workflow",
  chain: "chain",
};

/** Role of an operation; undefined for a value that says nothing. */
export function callRoleOf(operation: string): CallRole | undefined {
  return ROLE_BY_OPERATION[operation.toLowerCase()];
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
