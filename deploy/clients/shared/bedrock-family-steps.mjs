import { MODELS, readStream } from "./scenarios.mjs";

const BODIES = {
  nova: (text) => ({ messages: [{ role: "user", content: [{ text }] }] }),
  titan: (inputText) => ({ inputText }),
  titanEmbedding: (inputText) => ({ inputText }),
  llama: (prompt) => ({ prompt }),
  bedrockMistral: (prompt) => ({ prompt }),
  bedrockCohere: (message) => ({ message }),
};

/** Makes the call of a step with InvokeModel and the body of the model's own family. */
export function bedrockFamilyStep(bedrock, requestHandler, providerUrl) {
  const client = new bedrock.BedrockRuntimeClient({
    region: "us-east-1",
    endpoint: providerUrl,
    maxAttempts: 1,
    credentials: { accessKeyId: "none", secretAccessKey: "none" },
    requestHandler,
  });
  return async (step) => {
    const body = JSON.stringify(BODIES[step.model](step.prompt));
    const request = { modelId: MODELS[step.model], contentType: "application/json", body };
    if (step.stream === undefined) return client.send(new bedrock.InvokeModelCommand(request));
    const command = new bedrock.InvokeModelWithResponseStreamCommand(request);
    return readStream((await client.send(command)).body, step);
  };
}
