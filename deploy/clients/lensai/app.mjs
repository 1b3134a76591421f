import { configure } from "@lensai/instrumentation/configure";
import Anthropic from "@anthropic-ai/sdk";
import * as bedrock from "@aws-sdk/client-bedrock-runtime";
import * as genai from "@google/genai";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import OpenAI from "openai";
import { anthropicOptions, anthropicStep } from "../shared/anthropic-steps.mjs";
import { bedrockStep } from "../shared/bedrock-steps.mjs";
import { geminiStep } from "../shared/gemini-steps.mjs";
import { openAiOptions, openAiStep } from "../shared/openai-steps.mjs";
import { runScenario, settings } from "../shared/scenarios.mjs";

const instrumented = configure({ serviceName: "client-lensai" });
const { providerUrl, scenario } = settings;

function stepOf() {
  if (scenario.startsWith("anthropic")) {
    return anthropicStep(new Anthropic(anthropicOptions(providerUrl)));
  }
  if (scenario.startsWith("gemini")) return geminiStep(genai, providerUrl);
  // By default it speaks HTTP/2, which neither the fake provider nor the instrumentation does.
  if (scenario.startsWith("bedrock")) {
    return bedrockStep(bedrock, new NodeHttpHandler(), providerUrl);
  }
  return openAiStep(new OpenAI(openAiOptions(providerUrl)));
}

await runScenario(stepOf());
await instrumented.shutdown();
