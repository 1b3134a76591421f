import * as chatEngines from "@llamaindex/core/chat-engine";
import { Settings } from "@llamaindex/core/global";
import * as queryEngines from "@llamaindex/core/query-engine";
import { CompactAndRefine } from "@llamaindex/core/response-synthesizers";
import * as synthesizers from "@llamaindex/core/response-synthesizers";
import * as retrievers from "@llamaindex/core/retriever";
import type { NodeWithScore } from "@llamaindex/core/schema";
import { TextNode } from "@llamaindex/core/schema";
import { tool } from "@llamaindex/core/tools";
import { OpenAI, OpenAIEmbedding } from "@llamaindex/openai";
import * as workflow from "@llamaindex/workflow";
import { SpanStatusCode } from "@opentelemetry/api";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { startModelServer } from "../../langchain/test/support/model-server.ts";
import type { ProviderServer } from "../../langchain/test/support/model-server.ts";
import { observeProcess } from "../../langchain/test/support/observed-process.ts";
import { instrumentLlamaIndex } from "../src/instrument-llama-index.ts";

const MODULES = [chatEngines, queryEngines, synthesizers, retrievers, workflow];
const found = instrumentLlamaIndex(...MODULES);
const observed = observeProcess();

let server: ProviderServer;
beforeAll(async () => {
  server = await startModelServer();
  Settings.llm = model();
});
afterAll(() => server.stop());

const model = (name = "gpt-4o-mini"): OpenAI =>
  new OpenAI({ apiKey: "none", model: name as never, baseURL: `${server.url}/v1`, maxRetries: 0 });
const attributesOf = (name: string): Record<string, unknown> =>
  observed.spans().find((span) => span.name === name)?.attributes ?? {};

class Search extends retrievers.BaseRetriever {
  // That of the class above is for derived classes only.
  public constructor() {
    super();
  }
  override async _retrieve({ query }: { query: unknown }): Promise<NodeWithScore[]> {
    const embeddings = new OpenAIEmbedding({ apiKey: "none", baseURL: `${server.url}/v1` });
    await embeddings.getTextEmbedding(String(query));
    return [{ node: new TextNode({ text: "secret" }), score: 1 }];
  }
}

const engineOf = (name = "gpt-4o-mini"): queryEngines.RetrieverQueryEngine =>
  new queryEngines.RetrieverQueryEngine(new Search(), new CompactAndRefine({ llm: model(name) }));

const weather = (fails = false): unknown =>
  tool({
    name: "get_weather",
    description: "weather",
    parameters: z.object({ city: z.string() }),
    execute: async () => {
      if (fails) throw new RangeError("secret");
      await model("inside-tool").complete({ prompt: "hi" });
      return "18 degrees";
    },
  });

const agentOf = (tools: readonly unknown[], name = "forecaster"): workflow.AgentWorkflow =>
  workflow.agent({ name, llm: model(), tools: tools as never });

describe("an engine", () => {
  test("has its retrieval, its synthesis and their calls below it", async () => {
    await engineOf().query({ query: "hi" });
    expect(observed.tree()).toEqual([
      "chain CompactAndRefine > chat gpt-4o-mini",
      "invoke_workflow RetrieverQueryEngine",
      "invoke_workflow RetrieverQueryEngine > chain CompactAndRefine",
      "invoke_workflow RetrieverQueryEngine > retrieval Search",
      "retrieval Search > embeddings text-embedding-ada-002",
    ]);
    expect(JSON.stringify(observed.spans().map(({ attributes }) => attributes))).not.toContain(
      "secret",
    );
  });

  test("has its own calls, however many work at once", async () => {
    const numbers = Array.from({ length: 12 }, (_, number) => number);
    await Promise.all(numbers.map((number) => engineOf(`m${number}`).query({ query: "hi" })));
    const traces = new Map<string, string[]>();
    for (const span of observed.spans()) {
      const { traceId } = span.spanContext();
      traces.set(traceId, [...(traces.get(traceId) ?? []), span.name]);
    }
    expect(traces.size).toBe(12);
    for (const names of traces.values()) expect(names.length).toBe(5);
  });

  test("that chats has its calls below it", async () => {
    const engine = new chatEngines.SimpleChatEngine({ llm: model() });
    await engine.chat({ message: "hi" });
    expect(observed.tree()).toEqual([
      "invoke_workflow SimpleChatEngine",
      "invoke_workflow SimpleChatEngine > chat gpt-4o-mini",
    ]);
  });

  test("that streams ends when the stream has been read, and has its calls below it", async () => {
    const engine = new chatEngines.ContextChatEngine({
      retriever: new Search(),
      chatModel: model(),
    });
    const stream = await engine.chat({ message: "hi", stream: true });
    expect(observed.tree()).not.toContain("invoke_workflow ContextChatEngine");
    let text = "";
    for await (const part of stream) text += part.delta;
    expect(text).toBe("gpt-4o-mini");
    expect(observed.tree()).toEqual([
      "invoke_workflow ContextChatEngine",
      "invoke_workflow ContextChatEngine > chat gpt-4o-mini",
      "invoke_workflow ContextChatEngine > retrieval Search",
      "retrieval Search > embeddings text-embedding-ada-002",
    ]);
  });

  test("that fails says so, without the message, and leaves nothing to what comes after", async () => {
    await expect(engineOf().query({ query: "{fail}" })).rejects.toThrow("secret");
    const failed = observed.spans().find(({ name }) => name.startsWith("invoke_workflow"));
    expect(failed?.status).toEqual({ code: SpanStatusCode.ERROR });
    await model("later").complete({ prompt: "hi" });
    expect(observed.tree()).toContain("chat later");
  });
});

describe("an agent", () => {
  test("has its steps, tools and their calls below it, and its name on the calls", async () => {
    await agentOf([weather()]).run("{tool}");
    expect(observed.tree()).toEqual([
      "execute_tool get_weather > chat inside-tool",
      "invoke_agent forecaster",
      "invoke_agent forecaster > execute_tool get_weather",
      "invoke_agent forecaster > task forecaster",
      "invoke_agent forecaster > task forecaster",
      "task forecaster > chat gpt-4o-mini",
      "task forecaster > chat gpt-4o-mini",
    ]);
    expect(attributesOf("execute_tool get_weather")).toMatchObject({
      "gen_ai.operation.name": "execute_tool",
      "gen_ai.tool.name": "get_weather",
      "gen_ai.tool.call.id": "call_1",
    });
    for (const call of ["chat inside-tool", "chat gpt-4o-mini"]) {
      expect(attributesOf(call)["gen_ai.agent.name"]).toBe("forecaster");
    }
  });

  test("goes on when a tool fails, whose span says so", async () => {
    await agentOf([weather(true)]).run("{tool}");
    const failed = observed.spans().find(({ name }) => name === "execute_tool get_weather");
    expect(failed?.status).toEqual({ code: SpanStatusCode.ERROR });
    expect(observed.tree().filter((line) => line === "task forecaster > chat gpt-4o-mini")).toEqual(
      ["task forecaster > chat gpt-4o-mini", "task forecaster > chat gpt-4o-mini"],
    );
  });

  test("has its own calls when several work at once", async () => {
    const names = ["a", "b", "c", "d"];
    await Promise.all(names.map((name) => agentOf([weather()], name).run("{tool}")));
    const calls = observed.spans().filter(({ name }) => name.startsWith("chat "));
    const byAgent = names.map(
      (name) => calls.filter(({ attributes }) => attributes["gen_ai.agent.name"] === name).length,
    );
    expect(byAgent).toEqual([3, 3, 3, 3]);
  });
});

const methodNow = (): unknown => Reflect.get(queryEngines.BaseQueryEngine.prototype, "query");

describe("instrumentLlamaIndex", () => {
  test("finds what this version of LlamaIndex has, and traces it once", () => {
    expect(found).toEqual([
      "BaseQueryEngine.query",
      "SimpleChatEngine.chat",
      "ContextChatEngine.chat",
      "BaseRetriever.retrieve",
      "BaseSynthesizer.synthesize",
      "AgentWorkflow.run",
      "AgentWorkflow.callTool",
      "FunctionAgent.takeStep",
    ]);
    const before = methodNow();
    expect(instrumentLlamaIndex(...MODULES)).toEqual(found);
    expect(methodNow()).toBe(before);
  });

  test("takes what it is given: of something else, nothing", () => {
    expect(instrumentLlamaIndex({}, { BaseQueryEngine: 1, AgentRunner: Map })).toEqual([]);
  });
});
