import { configure } from "@lensai/instrumentation/configure";
import Anthropic from "@anthropic-ai/sdk";
import * as genai from "@google/genai";
import OpenAI from "openai";
import { anthropicOptions, anthropicStep } from "../shared/anthropic-steps.mjs";
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
  return openAiStep(new OpenAI(openAiOptions(providerUrl)));
}

await runScenario(stepOf());
await instrumented.shutdown();
