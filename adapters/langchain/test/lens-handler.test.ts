import { ChatAnthropic } from "@langchain/anthropic";
import { CallbackManager } from "@langchain/core/callbacks/manager";
import { Document } from "@langchain/core/documents";
import { StringOutputParser } from "@langchain/core/output_parsers";
import { ChatPromptTemplate } from "@langchain/core/prompts";
import { BaseRetriever } from "@langchain/core/retrievers";
import { RunnableLambda, RunnableParallel } from "@langchain/core/runnables";
import type { Runnable } from "@langchain/core/runnables";
import { StructuredTool, tool } from "@langchain/core/tools";
import { Annotation, END, START, StateGraph, interrupt, MemorySaver } from "@langchain/langgraph";
import { createReactAgent } from "@langchain/langgraph/prebuilt";
import { ChatOpenAI, OpenAIEmbeddings } from "@langchain/openai";
import { withAttribution } from "@lensai/instrumentation/manual/attribution";
import { RunSpans, runSpansOf } from "@lensai/instrumentation/runs/run-spans";
import { SpanStatusCode, trace } from "@opentelemetry/api";
import { createAgent } from "langchain";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { LANGCHAIN_SCOPE, LensHandler } from "../src/lens-handler.ts";
import { startModelServer } from "./support/model-server.ts";
import type { ProviderServer } from "./support/model-server.ts";
import { observeProcess } from "./support/observed-process.ts";

const observed = observeProcess();
const callbacks = [new LensHandler()];

let server: ProviderServer;
beforeAll(async () => {
  server = await startModelServer();
});
afterAll(() => server.stop());

const openAi = (model = "gpt-4o-mini"): ChatOpenAI =>
  new ChatOpenAI({
    apiKey: "none",
    model,
    maxRetries: 0,
    configuration: { baseURL: `${server.url}/v1` },
  });
const anthropic = (model = "claude-sonnet-4-5"): ChatAnthropic =>
  new ChatAnthropic({ apiKey: "none", model, maxRetries: 0, anthropicApiUrl: server.url });
const chainOf = (model: Runnable, name?: string): Runnable => {
  const chain = ChatPromptTemplate.fromMessages([["user", "say {what}"]])
    .pipe(model as ChatOpenAI)
    .pipe(new StringOutputParser());
  return name === undefined ? chain : chain.withConfig({ runName: name });
};
const weather = (work: () => unknown = () => undefined): StructuredTool =>
  tool(
    async () => {
      await work();
      return "18 degrees";
    },
    { name: "get_weather", description: "weather", schema: z.object({ city: z.string() }) },
  );
const attributesOf = (name: string): Record<string, unknown> =>
  observed.spans().find((span) => span.name === name)?.attributes ?? {};
const ask = { messages: [{ role: "user", content: "{tool}" }] };

/** A chain of two calls, the second in a chain that a function chooses. */
async function runNested(number: number): Promise<void> {
  const model = number % 2 === 0 ? openAi(`m${number}`) : anthropic(`m${number}`);
  const inner = chainOf(model, `inner ${number}`);
  const lambda = RunnableLambda.from(() => inner.pipe((text: unknown) => text));
  const chain = chainOf(openAi(`first${number}`))
    .pipe(RunnableLambda.from((what: unknown) => ({ what })) as never)
    .pipe(lambda as never)
    .withConfig({ runName: `outer ${number}` });
  if (number % 3 === 0) {
    for await (const chunk of await chain.stream({ what: "hi" }, { callbacks })) void chunk;
  } else await chain.invoke({ what: "hi" }, { callbacks });
}

describe("the call of a model", () => {
  test.each([
    ["OpenAI", openAi, "chat gpt-4o-mini"],
    ["Anthropic", anthropic, "chat claude-sonnet-4-5"],
  ])("of %s is below the chain that makes it, and has no second span", async (_, model, span) => {
    await chainOf(model(), "answer").invoke({ what: "hi" }, { callbacks });
    expect(observed.tree()).toEqual(["invoke_workflow answer", `invoke_workflow answer > ${span}`]);
  });

  test.each([
    ["OpenAI", openAi, "chat gpt-4o-mini"],
    ["Anthropic", anthropic, "chat claude-sonnet-4-5"],
  ])("of %s that streams is, too", async (_, model, span) => {
    let text = "";
    const stream = await chainOf(model(), "answer").stream({ what: "hi" }, { callbacks });
    for await (const chunk of stream) text += String(chunk);
    expect(text).not.toBe("");
    expect(observed.tree()).toEqual(["invoke_workflow answer", `invoke_workflow answer > ${span}`]);
  });

  test("is below the right one of many chains at once, streamed or not", async () => {
    await Promise.all(Array.from({ length: 24 }, (_, number) => runNested(number)));
    for (let number = 0; number < 24; number += 1) {
      expect(observed.tree()).toContain(`invoke_workflow outer ${number} > chat first${number}`);
      expect(observed.tree()).toContain(`chain inner ${number} > chat m${number}`);
    }
    const calls = observed.spans().filter((span) => span.name.startsWith("chat "));
    expect(calls.length).toBe(48);
    const traces = new Set(observed.spans().map((span) => span.spanContext().traceId));
    expect(traces.size).toBe(24);
  });

  test("in branches that run at the same time is below its own branch", async () => {
    const branches = Array.from({ length: 8 }, (_, number) => [
      `b${number}`,
      chainOf(openAi(`m${number}`), `branch ${number}`),
    ]);
    const parallel = RunnableParallel.from(Object.fromEntries(branches) as never);
    await parallel.withConfig({ runName: "fan" }).invoke({ what: "hi" }, { callbacks });
    const inBranches = observed.tree().filter((line) => line.includes("> chat"));
    expect(inBranches).toEqual(
      Array.from({ length: 8 }, (_, number) => `chain branch ${number} > chat m${number}`),
    );
  });

  test("that is refused fails the chain, with the kind of the error and not its message", async () => {
    const chain = chainOf(openAi(), "answer");
    await expect(chain.invoke({ what: "{fail}" }, { callbacks })).rejects.toThrow("secret");
    const span = observed.spans().find(({ name }) => name === "invoke_workflow answer");
    expect(span?.status).toEqual({ code: SpanStatusCode.ERROR });
    expect(JSON.stringify(observed.spans().map(({ attributes }) => attributes))).not.toContain(
      "secret",
    );
  });

  test("that waits for its turn is below its own chain", async () => {
    const model = new ChatOpenAI({
      apiKey: "none",
      model: "shared",
      maxConcurrency: 1,
      configuration: { baseURL: `${server.url}/v1` },
    });
    const chains = Array.from({ length: 4 }, (_, number) => chainOf(model, `chain ${number}`));
    await Promise.all(chains.map((chain) => chain.invoke({ what: "hi" }, { callbacks })));
    expect(observed.tree().filter((line) => line.includes(">"))).toEqual(
      chains.map((_, number) => `invoke_workflow chain ${number} > chat shared`),
    );
  });
});

describe("an agent", () => {
  test("of LangChain has its steps, tools and calls below it, and its name on the calls", async () => {
    const inner = openAi("inside-tool");
    const tools = [weather(() => inner.invoke("hi"))];
    const agent = createAgent({ model: openAi(), tools, name: "forecaster" });
    await agent.invoke(ask as never, { callbacks, configurable: { thread_id: "t1" } });
    expect(observed.tree()).toEqual([
      "execute_tool get_weather > chat inside-tool",
      "invoke_agent forecaster",
      "invoke_agent forecaster > task model_request",
      "invoke_agent forecaster > task model_request",
      "invoke_agent forecaster > task tools",
      "task model_request > chain RunnableLambda",
      "task model_request > chain RunnableLambda",
      "task model_request > chat gpt-4o-mini",
      "task model_request > chat gpt-4o-mini",
      "task tools > execute_tool get_weather",
    ]);
    expect(attributesOf("invoke_agent forecaster")).toEqual({
      "gen_ai.operation.name": "invoke_agent",
      "gen_ai.agent.name": "forecaster",
      "session.id": "t1",
    });
    expect(attributesOf("execute_tool get_weather")).toMatchObject({
      "gen_ai.operation.name": "execute_tool",
      "gen_ai.tool.name": "get_weather",
      "gen_ai.tool.call.id": "call_1",
    });
    expect(attributesOf("chat inside-tool")).toMatchObject({
      "gen_ai.agent.name": "forecaster",
      "session.id": "t1",
    });
  });

  test("of LangGraph that streams has the same", async () => {
    const agent = createReactAgent({ llm: openAi(), tools: [weather()], name: "reacter" });
    const stream = await agent.stream(ask as never, { callbacks, streamMode: "messages" });
    for await (const part of stream) void part;
    const lines = observed.tree();
    expect(lines).toContain("invoke_agent reacter > task agent");
    expect(lines).toContain("task tools > execute_tool get_weather");
    expect(lines.filter((line) => line.endsWith("chat gpt-4o-mini")).length).toBe(2);
    expect(lines.filter((line) => !line.includes(">"))).toEqual(["invoke_agent reacter"]);
  });

  test("inside another one is named on its own calls only", async () => {
    const forecaster = createAgent({
      model: openAi("inner-model"),
      tools: [weather()],
      name: "forecaster",
    });
    const delegate = weather(() => forecaster.invoke(ask as never));
    const agent = createAgent({ model: openAi(), tools: [delegate], name: "planner" });
    await agent.invoke(ask as never, { callbacks });
    expect(observed.tree()).toContain("execute_tool get_weather > invoke_agent forecaster");
    expect(attributesOf("chat inner-model")["gen_ai.agent.name"]).toBe("forecaster");
    expect(attributesOf("chat gpt-4o-mini")["gen_ai.agent.name"]).toBe("planner");
  });

  test("that waits for a person has not failed", async () => {
    const state = Annotation.Root({ answer: Annotation<string> });
    const graph = new StateGraph(state)
      .addNode("ask", () => ({ answer: interrupt<string, string>("really?") }))
      .addEdge(START, "ask")
      .addEdge("ask", END)
      .compile({ checkpointer: new MemorySaver(), name: "careful" });
    await graph.invoke({ answer: "" }, { callbacks, configurable: { thread_id: "t1" } });
    expect(observed.spans().map(({ status }) => status.code)).not.toContain(SpanStatusCode.ERROR);
    expect(observed.tree()).toContain("invoke_agent careful > task ask");
  });
});

describe("tools and retrievers", () => {
  test("surround what they do, whatever does it", async () => {
    class Direct extends StructuredTool {
      override name = "direct";
      override description = "d";
      override schema = z.object({ city: z.string() });
      override async _call(): Promise<string> {
        return trace.getTracer("app").startActiveSpan("SELECT", async (span) => {
          await chainOf(openAi()).invoke({ what: "hi" });
          span.end();
          return "done";
        });
      }
    }
    const call = { id: "call_1", name: "direct", args: { city: "Berlin" }, type: "tool_call" };
    await new Direct().invoke(call as never, { callbacks });
    expect(observed.tree()).toEqual([
      "SELECT > chat gpt-4o-mini",
      "execute_tool direct",
      "execute_tool direct > SELECT",
    ]);
  });

  test("surround the embeddings that they need", async () => {
    const embeddings = new OpenAIEmbeddings({
      apiKey: "none",
      model: "e",
      configuration: { baseURL: `${server.url}/v1` },
    });
    class Search extends BaseRetriever {
      lc_namespace = ["test"];
      override async _getRelevantDocuments(query: string): Promise<Document[]> {
        await embeddings.embedQuery(query);
        return [new Document({ pageContent: "secret" })];
      }
    }
    await new Search().withConfig({ runName: "handbook" }).invoke("secret", { callbacks });
    expect(observed.tree()).toEqual(["retrieval handbook", "retrieval handbook > embeddings e"]);
    const said = observed.spans().map(({ name, attributes, events }) => [name, attributes, events]);
    expect(JSON.stringify(said)).not.toContain("secret");
  });

  test("end when they fail", async () => {
    const failing = weather(() => Promise.reject(new RangeError("secret")));
    await expect(failing.invoke({ city: "x" }, { callbacks })).rejects.toThrow("secret");
    expect(attributesOf("execute_tool get_weather")["error.type"]).toBe("RangeError");
  });

  test("leave nothing behind in the code that called them", async () => {
    class Direct extends StructuredTool {
      override name = "direct";
      override description = "d";
      override schema = { type: "object", properties: {} } as const;
      override _call = (): Promise<string> => Promise.resolve("done");
    }
    const direct = new Direct();
    await direct.invoke({}, { callbacks });
    expect(trace.getActiveSpan()).toBeUndefined();
    await direct.invoke({}, { callbacks });
    await openAi().invoke("hi");
    expect(observed.tree()).toEqual([
      "chat gpt-4o-mini",
      "execute_tool Direct",
      "execute_tool Direct",
    ]);
  });
});

describe("attribution", () => {
  test("is read from metadata, then from tags, and is on the calls", async () => {
    await chainOf(openAi(), "answer").invoke(
      { what: "hi" },
      {
        callbacks,
        metadata: { user_id: "u1", session_id: 7, prompt: "x".repeat(300), team: "x".repeat(300) },
        tags: ["feature:draft", "user:other", "beta"],
      },
    );
    const expected = { "user.id": "u1", "session.id": "7", "lensai.feature": "draft" };
    expect(attributesOf("invoke_workflow answer")).toMatchObject(expected);
    expect(attributesOf("chat gpt-4o-mini")).toMatchObject(expected);
    expect(attributesOf("chat gpt-4o-mini")).not.toHaveProperty("lensai.team");
  });

  test("of the application around a run stays", async () => {
    await withAttribution({ team: "support", user: "outer" }, () =>
      chainOf(openAi(), "answer").invoke(
        { what: "hi" },
        { callbacks, metadata: { user_id: "inner" } },
      ),
    );
    expect(attributesOf("chat gpt-4o-mini")).toMatchObject({
      "lensai.team": "support",
      "user.id": "inner",
    });
  });
});

describe("whatever happens", () => {
  test("several handlers on one run make one span", async () => {
    const model = new ChatOpenAI({
      apiKey: "none",
      model: "gpt-4o-mini",
      callbacks: [new LensHandler()],
      configuration: { baseURL: `${server.url}/v1` },
    });
    const manager = new CallbackManager(undefined, {
      handlers: [new LensHandler()],
      inheritableHandlers: [new LensHandler()],
    });
    await chainOf(model, "answer").invoke({ what: "hi" }, { callbacks: manager });
    expect(observed.tree()).toEqual([
      "invoke_workflow answer",
      "invoke_workflow answer > chat gpt-4o-mini",
    ]);
  });

  test("a tracer that throws does not reach the application", async () => {
    const broken = new LensHandler(
      new RunSpans(() => {
        throw new RangeError("broken");
      }),
    );
    const answer = await chainOf(openAi(), "answer").invoke(
      { what: "hi" },
      { callbacks: [broken] },
    );
    expect(answer).toBe("gpt-4o-mini");
  });

  test("a stream that nobody reads on is a run that ends with the process", async () => {
    const runs = new RunSpans(() => trace.getTracer("test"));
    const stream = await chainOf(openAi(), "answer").stream(
      { what: "hi" },
      { callbacks: [new LensHandler(runs)] },
    );
    for await (const chunk of stream) {
      void chunk;
      break;
    }
    expect(runs.size).toBeGreaterThan(0);
    runs.abandonAll();
    expect(runs.size).toBe(0);
    expect(attributesOf("invoke_workflow answer")["lensai.observation.problem"]).toBe(
      "run_not_ended",
    );
  });

  test("runs that LangChain ends have ended", () => {
    expect(runSpansOf(LANGCHAIN_SCOPE).size).toBe(0);
  });
});
