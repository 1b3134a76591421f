import { once } from "node:events";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { RunnableLambda } from "@langchain/core/runnables";
import { expect, test } from "vitest";
import { registerHandler } from "../src/register-handler.ts";
import { observeProcess } from "./support/observed-process.ts";

const observed = observeProcess();

test("every run has the handler from then on, those that a server starts as well", async () => {
  registerHandler();
  registerHandler();
  const chain = RunnableLambda.from((text: string) => text.length).withConfig({ runName: "count" });
  const server = http.createServer((_, response) => {
    void chain.invoke("four").then((length) => response.end(String(length)));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  try {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    expect(await (await fetch(url)).text()).toBe("4");
  } finally {
    server.closeAllConnections();
    server.close();
  }
  await chain.invoke("one");
  expect(observed.tree()).toEqual(["invoke_workflow count", "invoke_workflow count"]);
});
