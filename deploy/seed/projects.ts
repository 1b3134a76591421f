import * as models from "./catalogue.ts";
import type { Model } from "./catalogue.ts";
import type { Service } from "./span.ts";

/** What one request to a service does. */
type Shape =
  | { readonly kind: "chat"; readonly streams: number }
  | { readonly kind: "retrieval"; readonly embedding: Model }
  | {
      readonly kind: "agent";
      readonly agent: string;
      readonly tools: readonly string[];
      readonly stepsMax: number;
    }
  | { readonly kind: "embedding" };

export interface Feature {
  readonly weight: number;
  readonly name: string;
  readonly service: Service;
  readonly shape: Shape;
  readonly models: readonly { readonly weight: number; readonly model: Model }[];
  /** Median tokens of a prompt and of an answer. */
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Share of calls whose prompt begins with a cached prefix. */
  readonly cacheHits: number;
}

export interface Project {
  readonly id: string;
  readonly name: string;
  /** Share of all traffic. */
  readonly weight: number;
  readonly users: number;
  /** Shops that the service works for, each with users of its own; none where it works for the company itself. */
  readonly tenants: readonly string[];
  /** Departments whose people use it, each with users of its own; none where customers do. */
  readonly teams: readonly string[];
  /** 0 = the weekend is like any day, 1 = nothing happens on it. */
  readonly weekendDip: number;
  readonly features: readonly Feature[];
}

const service = (name: string, version: string, emitter: Service["emitter"]): Service => ({
  name,
  version,
  environment: "production",
  emitter,
});

/** A shop, its support desk, its developers and its back office: four ways to spend money on models. */
export const PROJECTS: readonly Project[] = [
  {
    id: "storefront",
    name: "Storefront assistant",
    weight: 5,
    users: 900,
    tenants: ["harbor-books", "juniper-home", "north-trail", "oak-and-ember"],
    teams: [],
    weekendDip: -0.2,
    features: [
      {
        weight: 6,
        name: "product-chat",
        service: service("shop-web", "3.14.2", models.OTEL_OPENAI),
        shape: { kind: "chat", streams: 0.9 },
        models: [
          { weight: 8, model: models.GPT_4O_MINI },
          { weight: 2, model: models.GPT_4_1 },
        ],
        inputTokens: 900,
        outputTokens: 180,
        cacheHits: 0,
      },
      {
        weight: 3,
        name: "search",
        service: service("search-api", "1.9.0", models.OTEL_GENAI_3),
        shape: { kind: "retrieval", embedding: models.EMBEDDING_SMALL },
        models: [{ weight: 1, model: models.GEMINI_FLASH }],
        inputTokens: 2200,
        outputTokens: 140,
        cacheHits: 0.3,
      },
      {
        weight: 2,
        name: "intent",
        service: service("shop-web", "3.14.2", models.OTEL_OPENAI),
        shape: { kind: "chat", streams: 0 },
        models: [{ weight: 1, model: models.OWN_MODEL }],
        inputTokens: 160,
        outputTokens: 8,
        cacheHits: 0,
      },
    ],
  },
  {
    id: "support",
    name: "Support copilot",
    weight: 3,
    users: 60,
    tenants: [],
    teams: ["tier-1", "tier-2", "billing-desk"],
    weekendDip: 0.5,
    features: [
      {
        weight: 5,
        name: "ticket-agent",
        service: service("support-agent", "0.8.1", models.OTEL_GENAI_3),
        shape: {
          kind: "agent",
          agent: "ticket-resolver",
          tools: ["search_tickets", "get_order", "refund_order", "send_reply"],
          stepsMax: 5,
        },
        models: [
          { weight: 7, model: models.SONNET },
          { weight: 3, model: models.HAIKU },
        ],
        inputTokens: 4200,
        outputTokens: 320,
        cacheHits: 0.8,
      },
      {
        weight: 4,
        name: "summary",
        service: service("support-jobs", "0.8.1", models.OTEL_GENAI_2),
        shape: { kind: "chat", streams: 0 },
        models: [{ weight: 1, model: models.HAIKU }],
        inputTokens: 2600,
        outputTokens: 210,
        cacheHits: 0.2,
      },
    ],
  },
  {
    id: "engineering",
    name: "Engineering tools",
    weight: 2,
    users: 35,
    tenants: [],
    teams: ["platform", "payments", "search"],
    weekendDip: 0.85,
    features: [
      {
        weight: 4,
        name: "code-review",
        service: service("review-bot", "2.1.0", models.OTEL_GENAI_2),
        shape: {
          kind: "agent",
          agent: "reviewer",
          tools: ["read_file", "grep", "run_tests", "post_comment"],
          stepsMax: 9,
        },
        models: [
          { weight: 6, model: models.SONNET },
          { weight: 2, model: models.OPUS },
          { weight: 2, model: models.GPT_5 },
        ],
        inputTokens: 14_000,
        outputTokens: 650,
        cacheHits: 0.9,
      },
      {
        weight: 3,
        name: "commit-message",
        service: service("git-hooks", "1.0.3", models.OTEL_GENAI_3),
        shape: { kind: "chat", streams: 0.5 },
        models: [
          { weight: 1, model: models.GPT_5_MINI },
          { weight: 1, model: models.LLAMA_GROQ },
        ],
        inputTokens: 1800,
        outputTokens: 60,
        cacheHits: 0,
      },
    ],
  },
  {
    id: "backoffice",
    name: "Back office",
    weight: 2,
    users: 25,
    tenants: [],
    teams: ["legal", "finance"],
    weekendDip: 0.9,
    features: [
      {
        weight: 2,
        name: "contract-extraction",
        service: service("document-worker", "5.2.0", models.OTEL_GENAI_3),
        shape: { kind: "chat", streams: 0 },
        models: [
          { weight: 3, model: models.GEMINI_PRO },
          { weight: 1, model: models.GPT_5 },
        ],
        inputTokens: 9000,
        outputTokens: 900,
        cacheHits: 0.1,
      },
      {
        weight: 3,
        name: "document-index",
        service: service("document-worker", "5.2.0", models.OTEL_GENAI_3),
        shape: { kind: "embedding" },
        models: [{ weight: 1, model: models.EMBEDDING_LARGE }],
        inputTokens: 3000,
        outputTokens: 0,
        cacheHits: 0,
      },
      {
        weight: 2,
        name: "translation",
        service: service("translate", "1.1.1", models.OTEL_GENAI_2),
        shape: { kind: "chat", streams: 0.2 },
        models: [{ weight: 1, model: models.MISTRAL_SMALL }],
        inputTokens: 700,
        outputTokens: 650,
        cacheHits: 0,
      },
    ],
  },
];
