import type { Client } from "./client.ts";
import { AGENT, GEMINI_AGENT } from "./scenario-sets.ts";

export const GO_CLIENTS: readonly Client[] = [
  {
    name: "go-genkit",
    title: "Genkit (Go)",
    runtime: "go",
    app: "go-genkit",
    scenarios: [...AGENT, ...GEMINI_AGENT],
    packages: ["github.com/firebase/genkit/go", "github.com/openai/openai-go"],
    advice:
      "Its plugin for OpenAI does not ask for the usage of streams: they are marked. A stream that breaks off sends no span.",
  },
];
