import { RunnableLambda, RunnableParallel } from "@langchain/core-0/runnables";
import { FakeListChatModel } from "@langchain/core-0/utils/testing";
import { DynamicTool } from "@langchain/core-0/tools";
import { trace } from "@opentelemetry/api";
import { expect, test } from "vitest";
import { LensHandler } from "../src/lens-handler.ts";
import { observeProcess } from "./support/observed-process.ts";

const observed = observeProcess();

const twice = (line: string): string[] => [line, line];

/** The handler is of the newest @langchain/core, the runs are of the one before. */
test("runs of @langchain/core 0.3 are the same", async () => {
  const callbacks = [new LensHandler()] as never;
  const model = new FakeListChatModel({ responses: ["hi"] });
  const call = new DynamicTool({
    name: "search",
    description: "d",
    func: (text) => {
      trace.getTracer("app").startSpan(`SELECT ${text}`).end();
      return Promise.resolve(text);
    },
  });
  const branch = (name: string): RunnableLambda<string, string> =>
    RunnableLambda.from((text: string, config) => call.invoke(`${text}${name}`, config)).withConfig(
      {
        runName: name,
      },
    ) as never;
  const chain = model
    .pipe(RunnableLambda.from(() => "q"))
    .pipe(RunnableParallel.from({ left: branch("left"), right: branch("right") }) as never)
    .withConfig({ runName: "fan" });
  await chain.invoke("x", { callbacks });
  for await (const part of await chain.stream("x", { callbacks })) void part;
  expect(observed.tree().filter((line) => !line.includes("Runnable"))).toEqual([
    ...twice("chain left > execute_tool search"),
    ...twice("chain right > execute_tool search"),
    ...twice("execute_tool search > SELECT qleft"),
    ...twice("execute_tool search > SELECT qright"),
    ...twice("invoke_workflow fan"),
  ]);
});
