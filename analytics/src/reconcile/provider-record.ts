/** What can be told of the calls of a model on a day; undefined is unknown, never 0. */
export interface Measures {
  readonly costNanoUsd: bigint | undefined;
  /** Requests to the model. */
  readonly requests: bigint | undefined;
  /** All input tokens, those read from and written to a cache included, as in the span row. */
  readonly inputTokens: bigint | undefined;
  readonly cacheReadTokens: bigint | undefined;
  readonly cacheWriteTokens: bigint | undefined;
  readonly outputTokens: bigint | undefined;
}

export const TOKEN_MEASURES = [
  "inputTokens",
  "cacheReadTokens",
  "cacheWriteTokens",
  "outputTokens",
] as const satisfies readonly (keyof Measures)[];

export const MEASURES = [
  "costNanoUsd",
  "requests",
  ...TOKEN_MEASURES,
] as const satisfies readonly (keyof Measures)[];

/** One line of what a provider says that it counted or charged. */
export interface ProviderRecord {
  /** YYYY-MM-DD, UTC. */
  readonly day: string;
  /** Canonical name. */
  readonly provider: string;
  /** Undefined for what is charged without naming a model. */
  readonly model: string | undefined;
  /** What that is, in the provider's words. */
  readonly item: string | undefined;
  /** A measure that the file is not about is absent; one that it should tell and does not is undefined. */
  readonly told: Partial<Measures>;
}

/** Records that came together, and what they are a part of. */
export interface ProviderPage {
  /** The file, for messages. */
  readonly file: string;
  /** What the page is about, in words: "openai costs". */
  readonly subject: string;
  readonly records: readonly ProviderRecord[];
  /** The days that the page speaks of, also where nothing was used: by canonical provider. */
  readonly days: ReadonlyMap<string, ReadonlySet<string>>;
  /** The provider has more behind the last of these days. */
  readonly hasMore: boolean;
}
