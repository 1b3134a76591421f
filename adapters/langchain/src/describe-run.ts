import { GEN_AI } from "@lensai/otel-config/attributes/gen-ai";
import type { RunEnd, RunStart } from "@lensai/instrumentation/runs/run-spans";
import type { Attribution } from "@lensai/instrumentation/manual/attribution";
import { attributionOf } from "./run-attribution.ts";

/** What LangChain tells of a run when it starts, as far as it is used: never its input. */
export interface ReportedRun {
  readonly id: string;
  readonly parentId: string | undefined;
  /** Names of the class, as `["langchain_core", "runnables", "RunnableSequence"]`. */
  readonly classPath: readonly string[];
  /** The name that the application gave to this run. */
  readonly name: string | undefined;
  readonly tags: readonly string[];
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** Graphs of LangGraph, and the executor of LangChain before 1.0. */
const AGENT_CLASSES: ReadonlySet<string> = new Set(["CompiledStateGraph", "AgentExecutor"]);
/** A graph to which nobody gave a name: it may be anything. */
const NAMELESS_GRAPH = "LangGraph";
/** Made of the framework's own parts, which do no work that somebody would look for. */
const HIDDEN_TAG = "langsmith:hidden";
const RUN_TYPES_WITHOUT_SPAN: ReadonlySet<string> = new Set(["prompt", "parser", "llm"]);

export function describeChain(run: ReportedRun, runType: string | undefined): RunStart {
  const agent = agentNameOf(run);
  if (agent !== undefined) {
    return started(run, { agent }, ["invoke_agent", agent, { [GEN_AI.agentName]: agent }]);
  }
  if (run.tags.includes(HIDDEN_TAG) || RUN_TYPES_WITHOUT_SPAN.has(runType ?? "")) {
    return started(run, {});
  }
  const name = nameOf(run);
  if (run.parentId === undefined) {
    return started(run, {}, ["invoke_workflow", name, { "gen_ai.workflow.name": name }]);
  }
  // A node of a graph is a step of it; anything else is a chain in a chain.
  const isNode = run.metadata["langgraph_node"] === run.name;
  return started(run, {}, [isNode ? "task" : "chain", name, {}]);
}

export function describeTool(run: ReportedRun, toolCallId: string | undefined): RunStart {
  const name = nameOf(run);
  return started(run, {}, [
    "execute_tool",
    name,
    {
      [GEN_AI.toolName]: name,
      ...(toolCallId !== undefined && { [GEN_AI.toolCallId]: toolCallId }),
    },
  ]);
}

/** A tool that is a class is known by the name of that class until its answer names it. */
export function describeToolEnd(output: unknown): RunEnd {
  if (typeof output !== "object" || output === null || !("name" in output)) return {};
  const { name } = output;
  if (typeof name !== "string" || name === "") return {};
  return { name: `execute_tool ${name}`, attributes: { [GEN_AI.toolName]: name } };
}

export function describeRetriever(run: ReportedRun): RunStart {
  return started(run, {}, ["retrieval", nameOf(run), {}]);
}

/** The call itself is a span of the wire, below what the model's run is below. */
export function describeModel(run: ReportedRun): RunStart {
  return started(run, {});
}

type Described = readonly [operation: string, name: string, Readonly<Record<string, string>>];

function started(run: ReportedRun, more: Attribution, described?: Described): RunStart {
  const { id, parentId, metadata, tags } = run;
  const attribution = { ...attributionOf(metadata, tags), ...more };
  if (described === undefined) return { id, parentId, attribution };
  const [operation, name, attributes] = described;
  return {
    id,
    parentId,
    attribution,
    span: {
      name: `${operation} ${name}`,
      attributes: { [GEN_AI.operationName]: operation, ...attributes },
    },
  };
}

function agentNameOf({ classPath, name, metadata }: ReportedRun): string | undefined {
  const className = classPath.at(-1) ?? "";
  if (!AGENT_CLASSES.has(className)) return undefined;
  const own = metadata["lc_agent_name"];
  if (typeof own === "string" && (name === undefined || name === own)) return own;
  return name === NAMELESS_GRAPH ? undefined : (name ?? className);
}

function nameOf({ name, classPath }: ReportedRun): string {
  return [name, classPath.at(-1)].find((text) => text !== undefined && text !== "") ?? "unnamed";
}
