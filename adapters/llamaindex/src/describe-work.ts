import { GEN_AI } from "@lensai/otel-config/attributes/gen-ai";
import type { Work } from "@lensai/instrumentation/runs/trace-work";

/** The version is the one in package.json, which a bundle cannot read. */
const SCOPE = { name: "@lensai/llamaindex", version: "0.1.0" } as const;

/** What is longer is no name. */
const NAME_CHARACTERS_MAX = 256;

type Described = Pick<Work, "attributes"> & Partial<Pick<Work, "attribution">>;

/** An engine is named by its class: instances have no name. */
export function describeEngine(engine: object): Work {
  const name = engine.constructor.name;
  return workOf("invoke_workflow", name, { attributes: { "gen_ai.workflow.name": name } });
}

export function describeRetrieval(retriever: object): Work {
  return workOf("retrieval", retriever.constructor.name);
}

/** What makes an answer out of what was retrieved. */
export function describeSynthesis(synthesizer: object): Work {
  return workOf("chain", synthesizer.constructor.name);
}

/** An agent of a workflow has a name; the older ones are classes only. */
export function describeAgent(agent: object): Work {
  const name = textIn(agent, "rootAgentName") ?? agent.constructor.name;
  const attributes = { [GEN_AI.agentName]: name };
  return workOf("invoke_agent", name, { attributes, attribution: { agent: name } });
}

/** One turn of one agent: several work in one workflow, and hand over to each other. */
export function describeStep(agent: object): Work {
  const name = textIn(agent, "name") ?? agent.constructor.name;
  return workOf("task", name, { attributes: {}, attribution: { agent: name } });
}

/** `call` is what the workflow says of it: the names, the id, and an input that is not read. */
export function describeToolCall(call: unknown): Work {
  const name = textIn(call, "toolName") ?? "unnamed";
  const id = textIn(call, "toolId");
  const agent = textIn(call, "agentName");
  return workOf("execute_tool", name, {
    attributes: { [GEN_AI.toolName]: name, ...(id !== undefined && { [GEN_AI.toolCallId]: id }) },
    ...(agent !== undefined && { attribution: { agent } }),
  });
}

function workOf(operation: string, name: string, more: Described = { attributes: {} }): Work {
  const { attributes, attribution } = more;
  return {
    name: `${operation} ${name}`,
    attributes: { [GEN_AI.operationName]: operation, ...attributes },
    ...(attribution !== undefined && { attribution }),
    scope: SCOPE,
  };
}

function textIn(holder: unknown, key: string): string | undefined {
  if (typeof holder !== "object" || holder === null) return undefined;
  const value = (holder as Readonly<Record<string, unknown>>)[key];
  const isName = typeof value === "string" && value !== "" && value.length <= NAME_CHARACTERS_MAX;
  return isName ? value : undefined;
}
