import { MODELS, TOOL, TOOL_SCHEMA, readStream, settings } from "./scenarios.mjs";

/**
 * Makes the call of a step with the Vercel AI SDK. `ai` is the module of that version; `options` go to
 * every call: before version 7 telemetry is switched on there.
 */
export function aiSdkStep(ai, { openai, anthropic, google }, options) {
  const modelOf = (step) => {
    if (settings.scenario === "ai-anthropic") return anthropic(MODELS.claude);
    if (settings.scenario === "ai-google") return google(MODELS.gemini, groundingOf(google, step));
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
    const request = {
      ...options,
      ...requestOf(ai, step, google),
      model: modelOf(step),
      maxRetries: 0,
    };
    if (step.isStructured) return structured(ai, request);
    return step.stream === undefined ? ai.generateText(request) : stream(ai, request, step);
  };
}

/** Before version 5 of the AI SDK a setting of the model, and a tool since. */
function groundingOf(google, step) {
  return step.withWebSearch && !google.tools ? { useSearchGrounding: true } : {};
}

function requestOf(ai, step, google) {
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
    ...(step.withWebSearch &&
      google?.tools && {
        tools: {
          google_search: google.tools.googleSearch({}),
          url_context: google.tools.urlContext({}),
        },
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
