import type { WireApi } from "../wire-api.ts";

/** Why an answer comes later than the request that asked for it was answered. */
export type DeferredKind = "background" | "batch";

/** An answer of a model, found in what was fetched. */
export interface DeferredAnswer {
  readonly kind: DeferredKind;
  /** The API whose answer it is. */
  readonly api: WireApi;
  /** As the API would have answered. */
  readonly body: unknown;
  /** Names the answer where it has no id of its own: the same whenever it is fetched. */
  readonly id?: string | undefined;
  /** The model, where the answer does not name it. */
  readonly model?: string | undefined;
  /** Milliseconds since 1970 by the provider's clock; undefined where nothing tells. */
  readonly startMs?: number | undefined;
  readonly endMs?: number | undefined;
  /** Only one that was seen unfinished before is one: nothing else tells it from an answer that was told when it was made. */
  readonly isKnownByWaiting?: boolean;
}

/** What a document says of when answers were made: in a batch of this name, at this time. */
export interface BatchTime {
  /** The last part of the path at which its answers are fetched. */
  readonly name: string;
  readonly endMs: number;
}

export interface FoundAnswers {
  readonly answers: readonly DeferredAnswer[];
  /** It is none of what is fetched here: the first line of a file says so of all of it. */
  readonly isOther?: boolean;
  /** Answers that are not there yet, by their ids. */
  readonly unfinished?: readonly string[];
  readonly batchTime?: BatchTime | undefined;
}

/** A place at which answers are fetched by GET that were asked for before: what is done in the background, and batches. */
export interface DeferredSource {
  readonly name: string;
  /** Matched against the path without query; group `name` names what is fetched. */
  readonly path: RegExp;
  /** Whose bodies, or events, are read there as they are. */
  readonly api: WireApi;
  /** One document a line, whatever the content type says. */
  readonly isLines?: boolean;
  /**
   * What a body, an event of a stream, or a line says. An answer that was made while its request waited was told then, and is
   * none of these.
   */
  readonly find: (body: unknown, name: string) => FoundAnswers;
}

export const NOTHING_FOUND: FoundAnswers = { answers: [] };
