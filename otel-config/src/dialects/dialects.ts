import { AG2 } from "./ag2.ts";
import { BRAINTRUST } from "./braintrust.ts";
import { CLAUDE_CODE } from "./claude-code.ts";
import { CODEX } from "./codex.ts";
import type { Dialect } from "./dialect.ts";
import { GEMINI_CLI } from "./gemini-cli.ts";
import { GENKIT } from "./genkit.ts";
import { GOOGLE_ADK } from "./google-adk.ts";
import { LAMINAR } from "./laminar.ts";
import { LANGFUSE } from "./langfuse.ts";
import { LANGSMITH } from "./langsmith.ts";
import { LANGTRACE } from "./langtrace.ts";
import { LANGWATCH } from "./langwatch.ts";
import { LITELLM } from "./litellm.ts";
import { LIVEKIT } from "./livekit.ts";
import { LOGFIRE } from "./logfire.ts";
import { MASTRA } from "./mastra.ts";
import { MIRASCOPE } from "./mirascope.ts";
import { MISTRAL_SDK } from "./mistral-sdk.ts";
import { MLFLOW } from "./mlflow.ts";
import { OPENINFERENCE } from "./openinference.ts";
import { OPENLIT } from "./openlit.ts";
import { OPENLLMETRY } from "./openllmetry.ts";
import { OTEL_GEN_AI } from "./otel-gen-ai.ts";
import { QWEN_CODE } from "./qwen-code.ts";
import { RIG } from "./rig.ts";
import { SEMANTIC_KERNEL } from "./semantic-kernel.ts";
import { VERCEL_AI } from "./vercel-ai.ts";
import { VLLM } from "./vllm.ts";
import { VOLTAGENT } from "./voltagent.ts";

/**
 * Every dialect, the most specific first: a record that shows the signs of several is of the first. The OTel
 * names come last as a dialect and first as a source of values: whoever sends both means the same by them.
 */
export const DIALECTS: readonly Dialect[] = [
  CLAUDE_CODE,
  CODEX,
  GEMINI_CLI,
  QWEN_CODE,
  LANGFUSE,
  VERCEL_AI,
  MASTRA,
  VOLTAGENT,
  GENKIT,
  LOGFIRE,
  LITELLM,
  LANGSMITH,
  LAMINAR,
  OPENINFERENCE,
  OPENLLMETRY,
  OPENLIT,
  MLFLOW,
  GOOGLE_ADK,
  SEMANTIC_KERNEL,
  MISTRAL_SDK,
  AG2,
  LIVEKIT,
  MIRASCOPE,
  LANGTRACE,
  LANGWATCH,
  BRAINTRUST,
  RIG,
  VLLM,
  OTEL_GEN_AI,
];
