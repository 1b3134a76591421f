import { TOOL_NAME, piecesOf } from "./answer.ts";
import type { Answer } from "./answer.ts";
import { GEMINI } from "./gemini.ts";
import { withoutCacheWrites } from "./openai-chat.ts";
import { JSON_TYPE, SSE_TYPE, sse, textOf, usageOf } from "./reply.ts";
import type { ProviderApi, ProviderRequest, Reply } from "./reply.ts";

/** Google's interactions: the counts of generateContent under other names, in whole answers and at the end of streams. */
export const GEMINI_INTERACTIONS: ProviderApi = {
  name: "google.interactions",
  matches: (path) => path.endsWith("/interactions"),
  modelOf: ({ body }) => textOf(body["model"]),
  isStream: ({ body }) => body["stream"] === true,
  failure: GEMINI.failure,
  reply: replyTo,
};

function replyTo(request: ProviderRequest, given: Answer): Reply {
  const answer = withoutCacheWrites(given);
  const usage = usageOf(answer, false);
  const { toolUse } = answer.counts;
  const usageRaw = {
    total_tokens: usage.total,
    total_input_tokens: usage.input_total - toolUse,
    input_tokens_by_modality: [{ modality: "text", tokens: usage.input_total - toolUse }],
    total_cached_tokens: usage.input_cached_read,
    total_output_tokens: usage.output_total - usage.output_reasoning,
    total_tool_use_tokens: toolUse,
    total_thought_tokens: usage.output_reasoning,
  };
  const responseId = `v1_interaction_${answer.number.toString().padStart(6, "0")}`;
  const responseModel = GEMINI_INTERACTIONS.modelOf(request);
  const interaction = {
    id: responseId,
    object: "interaction",
    model: responseModel,
    status: answer.toolCall ? "requires_action" : "completed",
    created: "2026-09-21T14:13:20Z",
    updated: "2026-09-21T14:13:21Z",
    steps: [stepOf(answer)],
    usage: usageRaw,
  };
  const isStream = GEMINI_INTERACTIONS.isStream(request);
  return {
    contentType: isStream ? SSE_TYPE : JSON_TYPE,
    chunks: isStream ? eventsOf(interaction, answer) : [JSON.stringify(interaction)],
    isStream,
    responseId,
    responseModel,
    usageRaw,
    usage,
    usageIsSent: true,
  };
}

function stepOf({ number, text, toolCall }: Answer): object {
  return toolCall
    ? {
        type: "function_call",
        id: `call_${number}`,
        name: TOOL_NAME,
        arguments: { city: "Oslo" },
      }
    : { type: "model_output", content: [{ type: "text", text }] };
}

function eventsOf(interaction: object, answer: Answer): string[] {
  const begun = { ...interaction, status: "in_progress", steps: undefined, usage: undefined };
  const step = answer.toolCall ? stepOf(answer) : { type: "model_output" };
  const texts = answer.toolCall ? [] : piecesOf(answer.text);
  const events: { event_type: string; [member: string]: unknown }[] = [
    { event_type: "interaction.created", interaction: begun },
    { event_type: "step.start", index: 0, step },
    ...texts.map((text) => ({
      event_type: "step.delta",
      index: 0,
      delta: { type: "text", text },
    })),
    { event_type: "step.stop", index: 0 },
    { event_type: "interaction.completed", interaction: { ...interaction, steps: undefined } },
  ];
  return [...events.map((event) => sse(event, event.event_type)), sse("[DONE]", "done")];
}
