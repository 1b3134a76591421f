/**
 * What becomes of an attribute by its key alone, before any rule looks at its text.
 * `drop`: never stored. `content`: text of prompts, answers or tools, kept only for projects that capture
 * content (and then redacted). `keep`: stored, redacted.
 */
export type AttributePolicy = "keep" | "drop" | "content";

/**
 * Never stored, under no setting. They hold credentials by design (headers, command lines), identify a
 * machine or its user without serving cost or latency (host.id, process.owner), or are bulk that no query
 * reads (embedding vectors, raw bodies, schemas of other tools).
 *
 * `host.name` is kept: OpenTelemetry resource detectors set it by default, and it is how one finds the
 * deployment that spends; `host.id` names the same machine for ever and answers nothing that the name does not.
 */
export const DROPPED_KEYS: readonly string[] = [
  "process.command",
  "process.command_args",
  "process.command_line",
  "process.owner",
  "process.environment_variable",
  "host.id",
  "host.mac",
  "host.ip",
  "gen_ai.headers",
  "llm.headers",
  "langsmith.request.headers",
  "mastra.metadata.headers",
  "metadata.requester_custom_headers",
  "metadata.requester_metadata",
  "ai.embedding",
  "ai.embeddings",
  "embedding.vector",
  "llm.embeddings",
  "logfire.json_schema",
  "api_request_body",
  "api_response_body",
  "http.request.body",
  "http.response.body",
  "request_body",
  "response_body",
];

/** Every key below one of these is dropped as well. */
export const DROPPED_PREFIXES: readonly string[] = [
  "ai.request.headers.",
  "ai.response.headers.",
  "gen_ai.headers.",
  "llm.headers.",
  "gen_ai.request.headers.",
  "http.request.header.",
  "http.response.header.",
  "rpc.grpc.request.metadata.",
  "rpc.grpc.response.metadata.",
  "langsmith.request.headers.",
  "embedding.embeddings.",
  "ai.embeddings.",
  "process.environment_variable.",
  "http.request.body.content",
  "http.response.body.content",
  "llm.request.headers.",
];

/** Keys whose whole value is what somebody wrote or a model answered, or quotes it, as errors do. */
export const CONTENT_KEYS: readonly string[] = [
  "exception.message",
  "exception.stacktrace",
  "error.message",
  "error.stack",
  "error.stack_trace",
  "gen_ai.input.messages",
  "gen_ai.output.messages",
  "gen_ai.system_instructions",
  "gen_ai.tool.definitions",
  "gen_ai.tool.call.arguments",
  "gen_ai.tool.call.result",
  "gen_ai.tool.args",
  "gen_ai.tool.input",
  "gen_ai.tool.output",
  "gen_ai.tool.description",
  "gen_ai.agent.description",
  "gen_ai.retrieval.query.text",
  "gen_ai.retrieval.documents",
  "gen_ai.memory.query.text",
  "gen_ai.memory.records",
  "gen_ai.evaluation.explanation",
  "gen_ai.prompt",
  "gen_ai.completion",
  "gen_ai.event.content",
  "gen_ai.request.messages",
  "gen_ai.request.available_tools",
  "gen_ai.response.text",
  "gen_ai.response.object",
  "gen_ai.tool.json_schema",
  "mcp.request.argument",
  "mcp.response.value",
  "traceloop.entity.input",
  "traceloop.entity.output",
  "traceloop.prompt.template",
  "traceloop.prompt.template_variables",
  "input.value",
  "output.value",
  "tool.parameters",
  "tool.description",
  "llm.prompts",
  "llm.prompt_template.template",
  "llm.prompt_template.variables",
  "llm.function_call",
  "llm.invocation_parameters",
  "llm.anthropic.system",
  "llm.bedrock.system",
  "llm.vertex_ai.system",
  "reranker.query",
  "ai.prompt",
  "ai.value",
  "ai.values",
  "ai.toolCall.args",
  "ai.toolCall.result",
  "ai.schema",
  "langfuse.observation.input",
  "langfuse.observation.output",
  "langfuse.trace.input",
  "langfuse.trace.output",
  "pydantic_ai.all_messages",
  "all_messages_events",
  "events",
  "final_result",
  "raw_input",
  "request_data",
  "response_data",
  "tool_arguments",
  "tool_response",
  "model_request_parameters",
  "genkit:input",
  "genkit:output",
  "mlflow.spanInputs",
  "mlflow.spanOutputs",
  "mlflow.chat.messages",
  "mlflow.chat.tools",
  "mlflow.chunk.value",
  "braintrust.input_json",
  "braintrust.output_json",
  "braintrust.metadata",
  "langwatch.params",
  "langwatch.contexts",
  "lk.chat_ctx",
  "lk.user_input",
  "lk.user_transcript",
  "lk.response.text",
  "mirascope.response.content",
  "mirascope.trace.arg_values",
  "gcp.vertex.agent.llm_request",
  "gcp.vertex.agent.llm_response",
  "gcp.vertex.agent.tool_call_args",
  "gcp.vertex.agent.tool_response",
  "hidden_params",
  "agent.instructions",
  "agent.stateSnapshot",
  "agent.messages.ui",
  "crew_agents",
  "crew_tasks",
  "mastra.log.error",
  "tool.result",
  // Of coding agents, and of events of messages.
  "arguments",
  "completion",
  "content",
  "function_args",
  "input",
  "message",
  "messages",
  "output",
  "prompt",
  "request_text",
  "response",
  "response_text",
  "tool_calls",
  "tool_input",
  "tool_parameters",
  "tools",
];

/** Messages and tools that are spread over indexed keys (`gen_ai.prompt.0.content`). */
export const CONTENT_PREFIXES: readonly string[] = [
  "gen_ai.prompt.",
  "gen_ai.completion.",
  "gen_ai.tool.definitions.",
  "llm.input_messages.",
  "llm.output_messages.",
  "llm.prompts.",
  "llm.choices.",
  "llm.tools.",
  "llm.request.functions.",
  "llm.prompt_template.variables.",
  "ai.prompt.",
  "ai.response.text",
  "ai.response.object",
  "ai.response.toolCalls",
  "ai.response.reasoning",
  "ai.response.files",
  "retrieval.documents.",
  "reranker.input_documents.",
  "reranker.output_documents.",
  "embedding.text",
];

/**
 * What frameworks call what went in or came out, whatever it is of: `mastra.agent_run.input`; and the members of requests
 * and answers that LiteLLM copies, of whichever provider: `llm.gemini.contents`.
 */
export const CONTENT_ENDINGS: readonly string[] = [
  ".arguments",
  ".body",
  ".candidates",
  ".chat_history",
  ".choices",
  ".completion",
  ".content",
  ".contents",
  ".documents",
  ".functions",
  ".generations",
  ".input",
  ".inputs",
  ".instructions",
  ".message",
  ".messages",
  ".output",
  ".outputs",
  ".preamble",
  ".prompt",
  ".response",
  ".stringified_raw_response",
  ".systemInstruction",
  ".system_instruction",
  ".text",
  ".tool_calls",
  ".tools",
];

/** What begins like content and names it only. */
const KEPT_KEYS: ReadonlySet<string> = new Set(["gen_ai.prompt.name", "gen_ai.prompt.version"]);

const DROPPED: ReadonlySet<string> = new Set(DROPPED_KEYS);
const CONTENT: ReadonlySet<string> = new Set(CONTENT_KEYS);

/** The policy for an attribute of a span, event, log record or resource. Keys are matched as they are, case included. */
export function attributePolicy(key: string): AttributePolicy {
  if (DROPPED.has(key) || startsWithOneOf(key, DROPPED_PREFIXES)) return "drop";
  if (KEPT_KEYS.has(key)) return "keep";
  return CONTENT.has(key) || startsWithOneOf(key, CONTENT_PREFIXES) || endsLikeContent(key)
    ? "content"
    : "keep";
}

const endsLikeContent = (key: string): boolean =>
  CONTENT_ENDINGS.some((ending) => key.endsWith(ending));

function startsWithOneOf(key: string, prefixes: readonly string[]): boolean {
  return prefixes.some((prefix) => key.startsWith(prefix));
}
