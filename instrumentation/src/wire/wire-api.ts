import type { UsageField } from "@lensai/otel-config/usage/provider-usage/usage-table";
import type { JsonPath } from "./json-path.ts";

/** Where the facts of a request are; what a call is asked for, without its content. */
export interface RequestPaths {
  readonly model?: readonly JsonPath[];
  readonly stream?: readonly JsonPath[];
  /** The answer is a stream unless the request says no. */
  readonly isStreamByDefault?: boolean;
  /** Span attributes by name; the value goes over as it is. */
  readonly attributes: Readonly<Record<string, readonly JsonPath[]>>;
}

/** Where the facts of an answer are, in the whole body or in one event of a stream. */
export interface ResponsePaths {
  readonly id?: readonly JsonPath[];
  readonly model?: readonly JsonPath[];
  readonly serviceTier?: readonly JsonPath[];
  readonly systemFingerprint?: readonly JsonPath[];
  /**
   * The list whose elements end with a reason each, by their `index` or place; or no list and one reason.
   * `instead`: why there are no elements at all.
   */
  readonly finishReasons?: {
    readonly list?: string;
    readonly at: readonly JsonPath[];
    readonly instead?: readonly JsonPath[];
  };
  /** What was put out as text, to say how much there was when a stream breaks off. */
  readonly outputText?: readonly JsonPath[];
  /** Kind of an error that comes with status 200, in the middle of a stream. */
  readonly errorType?: readonly JsonPath[];
  /** What the provider says the call cost, in US dollars. */
  readonly costUsd?: readonly JsonPath[];
  /** Types of answers that are the product itself, with no facts in them: sounds, subtitles. */
  readonly plainTypes?: RegExp;
  /** Counts that come in headers of the answer; the body's own overrule them. */
  readonly usageHeaders?: Readonly<Partial<Record<UsageField, string>>>;
}

/** One HTTP API that models are called by: how it is recognised, and how its bodies are read. */
export interface WireApi {
  readonly name: string;
  /** gen_ai.operation.name */
  readonly operation: string;
  /** gen_ai.provider.name where the host says nothing: whose API it is. */
  readonly provider: string;
  /** Matched against the path without query; group `model` is the model, group `stream` means a stream. */
  readonly path: RegExp;
  /** At an unknown host, the body must have one member of each of these lists. */
  readonly shape: readonly (readonly string[])[];
  /** Name of the table of the provider's usage object. */
  readonly usage: string;
  readonly request: RequestPaths;
  readonly response: ResponsePaths;
  /** Streams report usage only when asked (`stream_options.include_usage`). */
  readonly hasStreamUsageOption?: boolean;
}
