import { chatCall, embeddingCall, type Call } from "./call.ts";
import type { Feature, Project } from "./projects.ts";
import type { Random } from "./random.ts";
import type { Attributes, SeedSpan, SeedTrace } from "./span.ts";

export interface TraceRequest {
  readonly project: Project;
  readonly startUnixNano: bigint;
}

const NANOS_PER_SECOND = 1e9;
/** Own work of a service around its calls, in seconds. */
const OVERHEAD_SECONDS = 0.015;

/** Lays spans one after another in time, below one root. */
interface TraceBuilder {
  readonly random: Random;
  readonly traceId: Uint8Array;
  readonly who: Attributes;
  cursorUnixNano: bigint;
  readonly spans: SeedSpan[];
}

/** One request of one user: a root span of the service and what happened below it. */
export function buildTrace(random: Random, request: TraceRequest): SeedTrace {
  const feature = random.weighted(request.project.features);
  const builder: TraceBuilder = {
    random,
    traceId: random.bytes(16),
    who: whoAttributes(random, request.project, feature),
    cursorUnixNano: request.startUnixNano + nanos(OVERHEAD_SECONDS),
    spans: [],
  };
  const rootId = random.bytes(8);
  appendShape(builder, feature, rootId);
  // A failed tool is answered by the model; a failed model call is what the user sees.
  const failed = builder.spans.find((span) => span.kind === "client" && span.error)?.error;
  const root: SeedSpan = {
    traceId: builder.traceId,
    spanId: rootId,
    parentSpanId: undefined,
    name: `POST /${feature.name}`,
    kind: "server",
    startUnixNano: request.startUnixNano,
    durationNs: builder.cursorUnixNano + nanos(OVERHEAD_SECONDS) - request.startUnixNano,
    attributes: {
      "http.request.method": "POST",
      "http.route": `/${feature.name}`,
      "http.response.status_code": failed === undefined ? 200 : 502,
      ...builder.who,
    },
    error: failed,
  };
  return { service: feature.service, spans: [root, ...builder.spans] };
}

function appendShape(builder: TraceBuilder, feature: Feature, parent: Uint8Array): void {
  const { shape } = feature;
  switch (shape.kind) {
    case "chat": {
      appendChat(builder, feature, { parent, streams: shape.streams });
      return;
    }
    case "retrieval": {
      const embedding = embeddingCall(builder.random, shape.embedding, feature);
      appendCall(builder, {
        parent,
        call: embedding,
        name: `embeddings ${shape.embedding.requestModel}`,
      });
      appendChat(builder, feature, { parent, streams: 0.6 });
      return;
    }
    case "embedding": {
      const { model } = builder.random.weighted(feature.models);
      const call = embeddingCall(builder.random, model, feature);
      appendCall(builder, { parent, call, name: `embeddings ${model.requestModel}` });
      return;
    }
    case "agent": {
      appendAgent(builder, feature, parent);
    }
  }
}

interface ChatPlace {
  readonly parent: Uint8Array;
  /** Share of streaming calls. */
  readonly streams: number;
  readonly inputFactor?: number;
  readonly finishReason?: "stop" | "tool_calls";
}

/** Share of answers that were cut off by the token limit. */
const CUT_OFF_SHARE = 0.02;

function appendChat(builder: TraceBuilder, feature: Feature, place: ChatPlace): SeedSpan {
  const { model } = builder.random.weighted(feature.models);
  const isCutOff = builder.random.chance(CUT_OFF_SHARE);
  const call = chatCall(builder.random, {
    feature,
    model,
    isStreaming: builder.random.chance(place.streams),
    inputFactor: place.inputFactor ?? 1,
    finishReason: isCutOff ? "length" : (place.finishReason ?? "stop"),
  });
  return appendCall(builder, { parent: place.parent, call, name: `chat ${model.requestModel}` });
}

interface CallPlace {
  readonly parent: Uint8Array;
  readonly call: Call;
  readonly name: string;
}

function appendCall(builder: TraceBuilder, { parent, call, name }: CallPlace): SeedSpan {
  const span: SeedSpan = {
    traceId: builder.traceId,
    spanId: builder.random.bytes(8),
    parentSpanId: parent,
    name,
    kind: "client",
    startUnixNano: builder.cursorUnixNano,
    durationNs: nanos(call.durationSeconds),
    attributes: { ...call.attributes, ...builder.who },
    error: call.error,
  };
  builder.spans.push(span);
  builder.cursorUnixNano += span.durationNs;
  return span;
}

/** invoke_agent, below it model calls and tool executions in turns, until an answer or an error. */
function appendAgent(builder: TraceBuilder, feature: Feature, parent: Uint8Array): void {
  const { shape } = feature;
  if (shape.kind !== "agent") return;
  const { random } = builder;
  const agentId = random.bytes(8);
  const startUnixNano = builder.cursorUnixNano;
  const position = builder.spans.length;
  const steps = random.integer(1, shape.stepsMax);
  let error: SeedSpan["error"];
  for (let step = 1; step <= steps && error === undefined; step += 1) {
    const isLast = step === steps;
    const chat = appendChat(builder, feature, {
      parent: agentId,
      streams: 0.3,
      inputFactor: 1 + 0.25 * (step - 1),
      finishReason: isLast ? "stop" : "tool_calls",
    });
    ({ error } = chat);
    if (!isLast && error === undefined) appendTool(builder, shape, agentId);
  }
  builder.spans.splice(position, 0, {
    traceId: builder.traceId,
    spanId: agentId,
    parentSpanId: parent,
    name: `invoke_agent ${shape.agent}`,
    kind: "internal",
    startUnixNano,
    durationNs: builder.cursorUnixNano - startUnixNano,
    attributes: {
      "gen_ai.operation.name": "invoke_agent",
      "gen_ai.agent.name": shape.agent,
      ...builder.who,
    },
    error,
  });
}

/** A failed tool does not end the agent: the model is told and goes on. */
const TOOL_FAILURE_SHARE = 0.03;

function appendTool(
  builder: TraceBuilder,
  shape: { readonly agent: string; readonly tools: readonly string[] },
  parent: Uint8Array,
): void {
  const { random } = builder;
  const tool = random.pick(shape.tools);
  const durationNs = nanos(random.logNormal(0.25, 0.9));
  const hasFailed = random.chance(TOOL_FAILURE_SHARE);
  builder.spans.push({
    traceId: builder.traceId,
    spanId: random.bytes(8),
    parentSpanId: parent,
    name: `execute_tool ${tool}`,
    kind: "internal",
    startUnixNano: builder.cursorUnixNano,
    durationNs,
    attributes: {
      "gen_ai.operation.name": "execute_tool",
      "gen_ai.tool.name": tool,
      "gen_ai.tool.type": "function",
      "gen_ai.tool.call.id": `call_${Buffer.from(random.bytes(8)).toString("hex")}`,
      "gen_ai.agent.name": shape.agent,
      ...builder.who,
    },
    error: hasFailed ? { type: "tool_error", message: `${tool} gave no result` } : undefined,
  });
  builder.cursorUnixNano += durationNs;
}

/** A few users cause most of the traffic: ranks are drawn from a power law. */
const USER_SKEW = 2.2;

function whoAttributes(random: Random, project: Project, feature: Feature): Attributes {
  const user = Math.floor(project.users * random.next() ** USER_SKEW);
  // Every user is a customer of one shop.
  const tenant = project.tenants[user % Math.max(1, project.tenants.length)];
  const team = project.teams[user % Math.max(1, project.teams.length)];
  return {
    ...(tenant !== undefined && { "lensai.tenant": tenant }),
    ...(team !== undefined && { "lensai.team": team }),
    "user.id": `${project.id}-user-${String(user + 1).padStart(4, "0")}`,
    "gen_ai.conversation.id": `conv-${Buffer.from(random.bytes(6)).toString("hex")}`,
    "lensai.feature": feature.name,
  };
}

const nanos = (seconds: number): bigint => BigInt(Math.round(seconds * NANOS_PER_SECOND));
