import { ANTHROPIC_MESSAGES } from "./apis/anthropic.ts";
import { BEDROCK_CONVERSE, BEDROCK_INVOKE_ANTHROPIC } from "./apis/bedrock.ts";
import { GOOGLE_GENERATE_CONTENT } from "./apis/google.ts";
import {
  OPENAI_CHAT,
  OPENAI_COMPLETIONS,
  OPENAI_EMBEDDINGS,
  OPENAI_IMAGES,
  OPENAI_RESPONSES,
} from "./apis/openai.ts";
import type { WireApi } from "./wire-api.ts";

/** Every API that is observed; no path fits two of them. */
export const WIRE_APIS: readonly WireApi[] = [
  OPENAI_CHAT,
  OPENAI_COMPLETIONS,
  OPENAI_RESPONSES,
  OPENAI_EMBEDDINGS,
  OPENAI_IMAGES,
  ANTHROPIC_MESSAGES,
  GOOGLE_GENERATE_CONTENT,
  BEDROCK_CONVERSE,
  BEDROCK_INVOKE_ANTHROPIC,
];
