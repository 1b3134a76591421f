import { corpusBatch } from "./corpus.ts";
import type { CorpusBatch } from "./corpus.ts";
import type { ServerName } from "./servers.ts";

/** What is sent, and how fast. */
export interface Variant {
  readonly name: string;
  readonly spans: number;
  readonly hasContent: boolean;
  readonly isGzip: boolean;
  /** The requests take turns in the words of several instrumentations. */
  readonly isMixed: boolean;
  /** Undefined: as fast as the server answers. */
  readonly ratePerSecond: number | undefined;
}

type Shape = Pick<Variant, "spans" | "hasContent" | "isGzip">;

const SHAPES: readonly Shape[] = [
  { spans: 512, hasContent: false, isGzip: true },
  { spans: 512, hasContent: true, isGzip: true },
  { spans: 32, hasContent: false, isGzip: true },
  { spans: 32, hasContent: true, isGzip: true },
  { spans: 512, hasContent: false, isGzip: false },
  { spans: 512, hasContent: true, isGzip: false },
  { spans: 32, hasContent: false, isGzip: false },
  { spans: 32, hasContent: true, isGzip: false },
];

const named = ({ spans, hasContent, isGzip }: Shape): string =>
  `${spans} spans, ${hasContent ? "content" : "no content"}, ${isGzip ? "gzip" : "identity"}`;

const saturated = (shape: Shape): Variant => ({
  ...shape,
  isMixed: false,
  name: `${named(shape)}, saturation`,
  ratePerSecond: undefined,
});

const paced = (shape: Shape): Variant => ({
  ...shape,
  isMixed: false,
  name: `${named(shape)}, 100/s`,
  ratePerSecond: 100,
});

const PACED = SHAPES.map(paced);
const SATURATING = SHAPES.map(saturated);

/** 51,200 spans a second: what latency and memory are asked for. */
export const STEADY = PACED[0] as Variant;
/** The same for as long as it takes to see that memory does not grow. Runs only when it is asked for by name. */
export const LASTING: Variant = { ...STEADY, name: `memory by minute, ${STEADY.name}` };
export const SATURATED = {
  plain: SATURATING[0] as Variant,
  content: SATURATING[1] as Variant,
} as const;
const MIXED: Variant = {
  ...SATURATED.plain,
  isMixed: true,
  name: "512 spans, four dialects, gzip, saturation",
};

/** In the order of a run. The steady one comes first: saturation leaves memory and dirty pages behind. */
export const VARIANTS: readonly Variant[] = [
  STEADY,
  LASTING,
  ...SATURATING,
  MIXED,
  ...PACED.filter(
    (variant) => variant !== STEADY && !(variant.hasContent && variant.spans === 512),
  ),
];

/** Spans of all batches of a variant, so that none repeats within its rounds in any project. */
const POOL_SPANS = { plain: 24_576, content: 12_288 } as const;

/** `number` tells the variants apart: the same span in two of them would be a resend in the second. */
export function poolOf(variant: Variant, number: number): CorpusBatch[] {
  const size = (variant.hasContent ? POOL_SPANS.content : POOL_SPANS.plain) / variant.spans;
  return Array.from({ length: size }, (_, index) =>
    corpusBatch({
      spans: variant.spans,
      hasContent: variant.hasContent,
      isMixed: variant.isMixed,
      seed: number * 10_000 + index,
      nowMs: Date.now(),
    }),
  );
}

/** Does the variant say anything about the server? */
export function concerns(variant: Variant, server: ServerName): boolean {
  if (server === "unaccounted") return variant === SATURATED.plain || variant === MIXED;
  // It cannot hold 100 requests of 512 spans a second.
  if (server === "naive") return variant.ratePerSecond === undefined || variant.spans < 512;
  const isTransport = server === "http" || server === "fastify";
  return !isTransport || (variant.isGzip && !variant.hasContent && !variant.isMixed);
}
