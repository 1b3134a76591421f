/** A span as the generator makes it, before it is encoded. */
export interface SeedSpan {
  readonly traceId: Uint8Array;
  readonly spanId: Uint8Array;
  readonly parentSpanId: Uint8Array | undefined;
  readonly name: string;
  readonly kind: "internal" | "server" | "client";
  readonly startUnixNano: bigint;
  readonly durationNs: bigint;
  readonly attributes: Attributes;
  /** Set on failure. */
  readonly error: { readonly type: string; readonly message: string } | undefined;
}

export type AttributeValue = string | boolean | number | Float | readonly string[];
/** A number that goes on the wire as a double; plain numbers are int64. */
interface Float {
  readonly float: number;
}
/** Undefined values are left out. */
export type Attributes = Readonly<Record<string, AttributeValue | undefined>>;

/** The library that would have made the spans. */
export interface Emitter {
  readonly scopeName: string;
  readonly scopeVersion: string;
  /**
   * Generation of the OTel GenAI conventions: 1 names the provider `gen_ai.system` and sends no cache counts,
   * 2 calls cache writes `cache_creation`, 3 `cache_write`.
   */
  readonly generation: 1 | 2 | 3;
}

/** One service of one project. */
export interface Service {
  readonly name: string;
  readonly version: string;
  readonly environment: string;
  readonly emitter: Emitter;
}

/** All spans of one request to a service. */
export interface SeedTrace {
  readonly service: Service;
  readonly spans: readonly SeedSpan[];
}
