import type { Answer } from "./answer.ts";
import { OPENAI_CHAT, openAiFailure } from "./openai-chat.ts";
import type { ProviderApi } from "./reply.ts";

/** Mistral's completion of code, which answers as its chat does. */
export const MISTRAL_FIM: ProviderApi = {
  ...OPENAI_CHAT,
  name: "mistral.fim",
  matches: (path) => path.endsWith("/fim/completions"),
  failure: (answer: Answer, status) => openAiFailure(answer, status),
};
