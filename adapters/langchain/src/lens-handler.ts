import { BaseCallbackHandler } from "@langchain/core/callbacks/base";
import type { Serialized } from "@langchain/core/load/serializable";
import { runSpansOf } from "@lensai/instrumentation/runs/run-spans";
import type { RunSpans, RunStart } from "@lensai/instrumentation/runs/run-spans";
import {
  describeChain,
  describeModel,
  describeRetriever,
  describeTool,
  describeToolEnd,
} from "./describe-run.ts";
import type { ReportedRun } from "./describe-run.ts";
import { isPause } from "./pause.ts";
import { keepContextInQueues } from "./queued-calls.ts";

/** Instrumentation scope of the spans; the version is the one in package.json, which a bundle cannot read. */
export const LANGCHAIN_SCOPE = { name: "@lensai/langchain", version: "0.1.0" } as const;

type Tags = string[] | undefined;
type Metadata = Record<string, unknown> | undefined;

/**
 * Chains, agents, tools and retrievers as spans, in the words of the GenAI conventions. Calls of models are spans
 * of `@lensai/instrumentation`, below the run that makes them. Names and structure only: no input, no output, and
 * of an error only its kind. Several handlers on one run make one span. Never throws.
 *
 *     await chain.invoke(input, { callbacks: [new LensHandler()] });
 */
export class LensHandler extends BaseCallbackHandler {
  override readonly name = "lensai_handler";
  // In the course of the run itself: what is entered later, from a queue, is not what the run goes on in.
  override awaitHandlers = true;
  readonly #runs: RunSpans;

  constructor(runs: RunSpans = runSpansOf(LANGCHAIN_SCOPE)) {
    super();
    this.#runs = runs;
    keepContextInQueues();
  }

  override copy(): this {
    return this;
  }

  override handleChainStart(...args: ChainStart): void {
    const [chain, , id, parentId, tags, metadata, runType, name] = args;
    this.#start(() =>
      describeChain(reported({ chain, id, parentId, tags, metadata, name }), runType),
    );
  }

  override handleToolStart(...args: ToolStart): void {
    const [chain, , id, parentId, tags, metadata, name, toolCallId] = args;
    this.#start(() =>
      describeTool(reported({ chain, id, parentId, tags, metadata, name }), toolCallId),
    );
  }

  override handleRetrieverStart(...args: RetrieverStart): void {
    const [chain, , id, parentId, tags, metadata, name] = args;
    this.#start(() => describeRetriever(reported({ chain, id, parentId, tags, metadata, name })));
  }

  override handleChatModelStart(...args: ModelStart): void {
    const [chain, , id, parentId, , tags, metadata, name] = args;
    this.#start(() => describeModel(reported({ chain, id, parentId, tags, metadata, name })));
  }

  override handleLLMStart(...args: ModelStart): void {
    this.handleChatModelStart(...args);
  }

  override handleChainEnd(_: unknown, id: string): void {
    this.#runs.end(id);
  }

  override handleToolEnd(output: unknown, id: string): void {
    this.#runs.end(id, describeToolEnd(output));
  }

  override handleRetrieverEnd(_: unknown, id: string): void {
    this.#runs.end(id);
  }

  override handleLLMEnd(_: unknown, id: string): void {
    this.#runs.end(id);
  }

  override handleChainError(error: unknown, id: string): void {
    this.#fail(error, id);
  }

  override handleToolError(error: unknown, id: string): void {
    this.#fail(error, id);
  }

  override handleRetrieverError(error: unknown, id: string): void {
    this.#fail(error, id);
  }

  override handleLLMError(error: unknown, id: string): void {
    this.#fail(error, id);
  }

  #start(describe: () => RunStart): void {
    this.#runs.start(describe);
  }

  #fail(error: unknown, id: string): void {
    if (isPause(error)) this.#runs.end(id);
    else this.#runs.fail(id, error);
  }
}

type ChainStart = [
  chain: Serialized | undefined,
  inputs: unknown,
  id: string,
  parentId?: string,
  tags?: Tags,
  metadata?: Metadata,
  runType?: string,
  name?: string,
];
type ToolStart = [
  tool: Serialized | undefined,
  input: unknown,
  id: string,
  parentId?: string,
  tags?: Tags,
  metadata?: Metadata,
  name?: string,
  toolCallId?: string,
];
type RetrieverStart = [
  retriever: Serialized | undefined,
  query: unknown,
  id: string,
  parentId?: string,
  tags?: Tags,
  metadata?: Metadata,
  name?: string,
];
type ModelStart = [
  model: Serialized | undefined,
  input: unknown,
  id: string,
  parentId?: string,
  extra?: unknown,
  tags?: Tags,
  metadata?: Metadata,
  name?: string,
];

interface Told {
  readonly chain: Serialized | undefined;
  readonly id: string;
  readonly parentId: string | undefined;
  readonly tags: Tags;
  readonly metadata: Metadata;
  readonly name: string | undefined;
}

/** Absent values come as undefined and as null. */
function reported({ chain, id, parentId, tags, metadata, name }: Told): ReportedRun {
  return {
    id,
    parentId: parentId ?? undefined,
    classPath: chain?.id ?? [],
    name: name ?? undefined,
    tags: tags ?? [],
    metadata: metadata ?? {},
  };
}
