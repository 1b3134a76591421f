import { wrapFetch } from "@lensai/instrumentation/fetch/wrap-fetch";
import {
  InMemorySpanExporter,
  SimpleSpanProcessor,
  TracerProvider,
} from "@opentelemetry/sdk-trace";
import type { ReadableSpan } from "@opentelemetry/sdk-trace";
import { describe, expect, test } from "vitest";
import { startFakeProvider } from "../../clients/provider/fake-provider.ts";
import type { LoggedCall } from "../../clients/provider/fake-provider.ts";
import { cacheWrite1hOf, isBrokenOff } from "../../conformance/truth.ts";
import { ANTHROPIC_CALLS, OPENAI_CALLS } from "./sdk-calls.ts";
import type { SdkCall } from "./sdk-calls.ts";

/** What an application sees: a result or an error, with its type. */
interface Outcome {
  readonly result?: unknown;
  readonly error?: unknown;
}

async function outcomeOf(call: SdkCall, url: string, fetched: typeof fetch): Promise<Outcome> {
  try {
    return { result: await call({ url, fetch: fetched }) };
  } catch (error) {
    const { constructor, name, message, cause } = error as Error;
    const { status, type, requestID } = error as {
      status?: number;
      type?: string;
      requestID?: string;
    };
    return {
      error: [constructor.name, name, message, status, type, requestID, (cause as Error)?.message],
    };
  }
}

interface Run {
  readonly outcome: Outcome;
  readonly calls: readonly LoggedCall[];
  readonly spans: readonly ReadableSpan[];
}

/** Makes the call at a provider of its own, so that two runs get the same answers. */
async function run(call: SdkCall, isObserved: boolean): Promise<Run> {
  const exporter = new InMemorySpanExporter();
  const tracers = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] });
  const observed = wrapFetch(fetch, { tracer: tracers.getTracer("test") });
  const provider = await startFakeProvider();
  try {
    const outcome = await outcomeOf(call, provider.url, isObserved ? observed : fetch);
    await provider.settled();
    const count = isObserved ? provider.calls().length : 0;
    await expect.poll(() => exporter.getFinishedSpans().length).toBe(count);
    return { outcome, calls: provider.calls(), spans: exporter.getFinishedSpans() };
  } finally {
    await provider.stop();
  }
}

/** What the provider's log says about a call, in the words of the span. */
function expectedOf(call: LoggedCall): Record<string, unknown> {
  if (call.status !== 200) {
    return { "error.type": String(call.status), "http.response.status_code": call.status };
  }
  const { usage } = call;
  if (usage === null) throw new Error("the provider answered, and knows no usage");
  return {
    "gen_ai.request.model": call.request_model,
    ...(call.response_model !== null && { "gen_ai.response.model": call.response_model }),
    ...(call.response_id !== null && { "gen_ai.response.id": call.response_id }),
    "gen_ai.usage.input_tokens": usage.input_total,
    ...(usage.output_total > 0 && { "gen_ai.usage.output_tokens": usage.output_total }),
    ...(usage.input_cached_read > 0 && {
      "gen_ai.usage.cache_read.input_tokens": usage.input_cached_read,
    }),
    ...(usage.input_cache_write > 0 && {
      "gen_ai.usage.cache_write.input_tokens": usage.input_cache_write,
      "anthropic.usage.cache_creation.ephemeral_1h_input_tokens": cacheWrite1hOf(call),
    }),
    ...(usage.output_reasoning > 0 && {
      "gen_ai.usage.reasoning.output_tokens": usage.output_reasoning,
    }),
  };
}

/** Some calls are charged by what has no tokens. */
const isUncounted = ({ status, usage }: LoggedCall): boolean => status === 200 && usage === null;

/** Counts, or a mark that there are none. */
function usageMarkOf({ attributes }: ReadableSpan): string {
  const hasOutput = attributes["gen_ai.usage.output_tokens"] !== undefined;
  return `${String(attributes["lensai.usage.source"])}, ${hasOutput ? "output" : "no output"}`;
}

describe.each([
  ["openai", OPENAI_CALLS],
  ["@anthropic-ai/sdk", ANTHROPIC_CALLS],
])("%s", (_sdk, calls) => {
  test.each(Object.entries(calls))(
    "%s is as without, and every request a span",
    async (_, call) => {
      const [plain, observed] = await Promise.all([run(call, false), run(call, true)]);
      expect(observed.outcome).toEqual(plain.outcome);
      expect(observed.calls.length).toBe(plain.calls.length);
      for (const [index, logged] of observed.calls.entries()) {
        const span = observed.spans[index] as ReadableSpan;
        const isMarked = span.attributes["lensai.usage.source"] !== undefined;
        expect(isMarked).toBe(isBrokenOff(logged) || isUncounted(logged));
        expect(span.attributes).toMatchObject(isMarked ? {} : expectedOf(logged));
        expect(usageMarkOf(span)).toMatch(
          isMarked ? /^(missing|estimated), no output$/ : /^undefined/,
        );
      }
    },
  );

  test("says which request is another try", async () => {
    const retried = calls["429, then 200"];
    if (retried === undefined) throw new Error("there is no such call");
    const { spans } = await run(retried, true);
    const counts = spans.map(({ attributes }) => attributes["http.request.resend_count"]);
    expect(counts).toEqual([undefined, 1]);
  });
});
