import type { WireApi } from "../wire-api.ts";
import { ANTHROPIC_MESSAGES } from "./anthropic.ts";

/** Bedrock's own API, the same for all of its models. */
export const BEDROCK_CONVERSE: WireApi = {
  name: "aws.bedrock.converse",
  operation: "chat",
  provider: "aws.bedrock",
  path: /\/model\/(?<model>[^/]+)\/converse(?<stream>-stream)?$/,
  shape: [["messages"]],
  usage: "aws.bedrock.converse",
  request: {
    attributes: {
      "gen_ai.request.max_tokens": ["inferenceConfig.maxTokens"],
      "gen_ai.request.temperature": ["inferenceConfig.temperature"],
      "gen_ai.request.top_p": ["inferenceConfig.topP"],
      "gen_ai.request.stop_sequences": ["inferenceConfig.stopSequences"],
    },
  },
  response: {
    // The messages of a stream are under the name of their type.
    finishReasons: { at: ["messageStop.stopReason", "stopReason"] },
    outputText: ["contentBlockDelta.delta.text"],
  },
};

/** InvokeModel takes the body of the model's own provider; these are Anthropic's. */
export const BEDROCK_INVOKE_ANTHROPIC: WireApi = {
  ...ANTHROPIC_MESSAGES,
  name: "aws.bedrock.invoke.anthropic",
  provider: "aws.bedrock",
  path: /\/model\/(?<model>[^/]*anthropic[^/]+)\/invoke(?<stream>-with-response-stream)?$/,
  shape: [["messages"], ["anthropic_version"]],
  request: { ...ANTHROPIC_MESSAGES.request, model: [] },
};
