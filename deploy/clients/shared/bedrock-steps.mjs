import { MODELS, readStream, settings } from "./scenarios.mjs";

/** Makes the call of a step with the AWS SDK: Converse, or InvokeModel with a body of Anthropic's. */
export function bedrockStep(bedrock, requestHandler, providerUrl) {
  const client = new bedrock.BedrockRuntimeClient({
    region: "us-east-1",
    endpoint: providerUrl,
    maxAttempts: 1,
    credentials: { accessKeyId: "none", secretAccessKey: "none" },
    requestHandler,
  });
  const make = settings.scenario === "bedrock-invoke" ? invoke : converse;
  return (step) => make(bedrock, client, step);
}

async function converse({ ConverseCommand, ConverseStreamCommand }, client, step) {
  const request = {
    modelId: MODELS.bedrock,
    messages: [
      { role: "user", content: [{ text: step.prompt }, { cachePoint: { type: "default" } }] },
    ],
    inferenceConfig: { maxTokens: 400 },
  };
  if (step.stream === undefined) return client.send(new ConverseCommand(request));
  const abort = new AbortController();
  const command = new ConverseStreamCommand(request);
  const { stream } = await client.send(command, { abortSignal: abort.signal });
  return readStream(stream, step, () => abort.abort());
}

async function invoke(bedrock, client, step) {
  const body = JSON.stringify({
    anthropic_version: "bedrock-2023-05-31",
    max_tokens: 400,
    messages: [{ role: "user", content: step.prompt }],
  });
  const request = { modelId: MODELS.bedrock, contentType: "application/json", body };
  if (step.stream === undefined) return client.send(new bedrock.InvokeModelCommand(request));
  const command = new bedrock.InvokeModelWithResponseStreamCommand(request);
  return readStream((await client.send(command)).body, step);
}
