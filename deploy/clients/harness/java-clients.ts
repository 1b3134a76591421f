import type { Client } from "./client.ts";
import { LANGCHAIN, OPENAI } from "./scenario-sets.ts";

export const JAVA_CLIENTS: readonly Client[] = [
  {
    name: "java-otel-openai",
    title: "OpenTelemetry for OpenAI (Java)",
    runtime: "java",
    app: "java",
    scenarios: OPENAI,
    packages: ["opentelemetry-openai-java-1.1", "openai-java"],
    advice:
      "Ask for `stream_options.include_usage` in every chat stream. Cached and reasoning tokens are never sent: the cost of a cached prompt is an upper bound. Responses send no span, and neither does a stream that breaks off.",
  },
  {
    name: "java-spring-ai",
    title: "Spring AI on Spring Boot",
    runtime: "java",
    app: "java",
    scenarios: [...LANGCHAIN, "anthropic-agent"],
    packages: ["spring-ai-openai", "spring-ai-anthropic", "spring-boot"],
    advice:
      "Streams have no cached tokens: the cost of a cached prompt is an upper bound for OpenAI, and a lower bound, marked as such, for Anthropic. Reasoning tokens are not sent; the cost does not depend on them.",
  },
];
