import { traceWork } from "@lensai/instrumentation/runs/trace-work";
import type { Work } from "@lensai/instrumentation/runs/trace-work";
import {
  describeAgent,
  describeEngine,
  describeRetrieval,
  describeStep,
  describeSynthesis,
  describeToolCall,
} from "./describe-work.ts";

/** Classes by name, as `import * as llamaindex from "llamaindex"` has them. */
export type Modules = Readonly<Record<string, unknown>>;

type Method = (this: unknown, ...args: unknown[]) => unknown;
type Describe = (self: object, args: readonly unknown[]) => Work;

/** What is a piece of work, by class and method. Classes that are derived from these have it from them. */
const METHODS: readonly (readonly [className: string, method: string, describe: Describe])[] = [
  ["BaseQueryEngine", "query", describeEngine],
  ["SimpleChatEngine", "chat", describeEngine],
  ["ContextChatEngine", "chat", describeEngine],
  ["CondenseQuestionChatEngine", "chat", describeEngine],
  ["AgentRunner", "chat", describeAgent],
  ["BaseRetriever", "retrieve", describeRetrieval],
  ["BaseSynthesizer", "synthesize", describeSynthesis],
  ["AgentWorkflow", "run", describeAgent],
  ["AgentWorkflow", "callTool", (_, [call]) => describeToolCall(call)],
  ["FunctionAgent", "takeStep", describeStep],
];

/** On a method that is traced, so that several calls, and copies of this package, trace it once. */
const TRACED = Symbol.for("lensai.llamaindex_traced");

/**
 * From now on, queries, chats, retrievals and agents of LlamaIndex are spans, and the calls of models that they make
 * are below them. Call it before engines are made: they keep the methods that were there then. Answers with what
 * was found, as `BaseQueryEngine.query`; a second call changes nothing.
 *
 *     import * as llamaindex from "llamaindex";
 *     import * as workflow from "@llamaindex/workflow";
 *     instrumentLlamaIndex(llamaindex, workflow);
 */
export function instrumentLlamaIndex(...modules: readonly Modules[]): readonly string[] {
  return METHODS.flatMap(([className, name, describe]) => {
    const traced = modules.filter((module) => traceMethod(module[className], name, describe));
    return traced.length > 0 ? [`${className}.${name}`] : [];
  });
}

function traceMethod(of: unknown, name: string, describe: Describe): boolean {
  if (typeof of !== "function") return false;
  const prototype = of.prototype as Record<string, Method | undefined>;
  const method = Object.hasOwn(prototype, name) ? prototype[name] : undefined;
  if (typeof method !== "function") return false;
  if (Object.hasOwn(method, TRACED)) return true;
  const traced: Method = function tracedMethod(this: unknown, ...args) {
    return traceWork(
      () => describe(this as object, args),
      () => Reflect.apply(method, this, args),
    );
  };
  Object.defineProperties(traced, Object.getOwnPropertyDescriptors(method));
  Object.defineProperty(traced, TRACED, { value: true });
  Object.defineProperty(prototype, name, { value: traced, configurable: true, writable: true });
  return true;
}
