import { MODELS, TOOL, TOOL_SCHEMA, readStream, settings } from "./scenarios.mjs";

/**
 * Makes the call of a step with the Vercel AI SDK. `ai` is the module of that version; `options` go to
 * every call: before version 7 telemetry is switched on there.
 */
export function aiSdkStep(ai, { openai, anthropic }, options) {
  const isAnthropic = settings.scenario === "ai-anthropic";
  const modelOf = (step) => {
    if (isAnthropic) return anthropic(MODELS.claude);
    return step.api === "responses" ? openai.responses(MODELS.chat) : openai.chat(MODELS.chat);
  };
  return async (step) => {
    if (step.api === "embeddings") {
      const embedding = openai.embedding ?? openai.textEmbeddingModel;
      return ai.embed({
        ...options,
        model: embedding(MODELS.embedding),
        value: step.prompt,
        maxRetries: 0,
      });
    }
    const request = { ...options, ...requestOf(ai, step), model: modelOf(step), maxRetries: 0 };
    if (step.isStructured) return structured(ai, request);
    return step.stream === undefined ? ai.generateText(request) : stream(ai, request, step);
  };
}

function requestOf(ai, step) {
  const cacheControl = { type: "ephemeral", ...(step.ttl && { ttl: step.ttl }) };
  return {
    messages: [
      { role: "user", content: step.prompt, providerOptions: { anthropic: { cacheControl } } },
    ],
    ...(step.withTool && {
      tools: {
        [TOOL.name]: ai.tool({
          description: "weather",
          inputSchema: ai.jsonSchema(TOOL_SCHEMA),
          // The same in version 4.
          parameters: ai.jsonSchema(TOOL_SCHEMA),
          execute: async () => TOOL.result,
        }),
      },
      ...stopAfter(ai, 3),
    }),
  };
}

function stopAfter(ai, steps) {
  const stepCount = ai.stepCountIs ?? ai.isStepCount;
  return stepCount === undefined ? { maxSteps: steps } : { stopWhen: stepCount(steps) };
}

/** Version 7 has one function for both. */
async function structured(ai, request) {
  const schema = ai.jsonSchema({
    type: "object",
    properties: { summary: { type: "string" } },
    required: ["summary"],
    additionalProperties: false,
  });
  if (ai.generateObject) return ai.generateObject({ ...request, schema });
  return ai.generateText({ ...request, output: ai.Output.object({ schema }) });
}

async function stream(ai, request, step) {
  const abort = new AbortController();
  let failure;
  const result = ai.streamText({
    ...request,
    abortSignal: abort.signal,
    onError: ({ error }) => {
      failure = error;
    },
  });
  const texts = await readStream(result.textStream, step, () => abort.abort());
  if (failure) throw new Error("the stream failed", { cause: failure });
  return texts;
}
