import type { CallRecord, CallUsage, SpanLink, SpanLinks } from "../../src/billing/call-record.ts";
import { modelFamily } from "../../src/billing/model-family.ts";
import { resolveCalls } from "../../src/billing/resolve-calls.ts";

/** What a test says about a record; the rest is an answered OpenAI call of one second. */
export interface Sample extends Partial<Omit<CallRecord, "usage" | "models">> {
  readonly model?: string;
  readonly usage?: Partial<CallUsage>;
  readonly atMs?: number;
  readonly lastsMs?: number;
}

export const reported = (input: number, output: number): Partial<CallUsage> => ({ input, output });
export const missing: Partial<CallUsage> = { source: "missing" };
export const failed: Partial<CallUsage> = { source: "none" };
export const estimated = (input: number, output: number): Partial<CallUsage> => ({
  source: "estimated",
  input,
  output,
});

/** A record named `id`, which is also its span; alone in its trace unless it says otherwise. */
export function record(id: string, sample: Sample = {}): CallRecord {
  const { model = "gpt-5-mini", usage, atMs = 0, lastsMs = 1000, ...rest } = sample;
  const signal = rest.signal ?? "span";
  const startMicros = 1_795_462_288_000_000 + atMs * 1000;
  return {
    id,
    project: "p",
    signal,
    part: "call",
    trace: `trace of ${id}`,
    span: signal === "span" ? id : undefined,
    parent: undefined,
    service: "shop",
    instance: undefined,
    scope: "openai",
    models: model === "" ? [] : [modelFamily(model)],
    responseId: undefined,
    startMicros,
    endMicros: signal === "log" ? startMicros : startMicros + lastsMs * 1000,
    usage: {
      source: "reported",
      input: undefined,
      output: undefined,
      cached: 0,
      toolUsePrompt: 0,
      reasoning: 0,
      partCount: 0,
      isPriced: true,
      ...usage,
    },
    ...rest,
  };
}

/** Spans that are no records, all in one trace: id to parent, and to whether they are a boundary. */
export function linksOf(links: Readonly<Record<string, SpanLink>> = {}): SpanLinks {
  return { find: (_, span) => links[span] };
}

/** Verdicts as text, by record: "call", or "nested -> id of the billed record". */
export function verdictsOf(
  records: readonly CallRecord[],
  links: SpanLinks = linksOf(),
): Record<string, string> {
  const verdicts = resolveCalls(records, links);
  return Object.fromEntries(
    records.map(({ id }, at) => {
      const { rule, shadowedBy } = verdicts[at] as (typeof verdicts)[number];
      return [id, shadowedBy === undefined ? rule : `${rule} -> ${records[shadowedBy]?.id}`];
    }),
  );
}
