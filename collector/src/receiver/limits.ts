/**
 * Limits of the receiver, each with its reason. Those an operator may want to change are settings
 * (config.ts) and only have their default here.
 */

/** What an operator may raise it to: half of the largest record of the write-ahead log. */
export const BODY_BYTES_CEILING = 128 * 1024 * 1024;

/** Idle connections outlive the pools of clients and load balancers (60 s is usual). */
export const KEEP_ALIVE_TIMEOUT_MS = 75_000;

/** Node requires headersTimeout > keepAliveTimeout, or it cuts connections that were merely idle. */
export const HEADERS_TIMEOUT_MS = 80_000;

/** How long an unread body is discarded after an early answer, so that the client can read the answer. */
export const LINGER_TIMEOUT_MS = 2_000;

/** OTLP 1.11: a response is at most 4 MiB. Ours stay far below: the text is read by a person. */
export const ERROR_MESSAGE_BYTES_MAX = 16 * 1024;

/** Retry-After stays within the 10 s deadline of exporters, which drop the batch when it does not. */
export const RETRY_AFTER_SECONDS_MIN = 1;
export const RETRY_AFTER_SECONDS_MAX = 5;

/** Lists and maps inside each other in one value; gen-AI messages use about 10. Decoder and transcoder share it. */
export const ANY_VALUE_DEPTH_MAX = 64;

/** Bodies below this are inflated on the event loop: cheaper than a trip through the thread pool. */
export const SYNC_INFLATE_BYTES_MAX = 1024 * 1024;

/**
 * Large bodies that are inflated side by side. While it runs, an inflate holds up to twice the body limit, which
 * nobody can count beforehand: what a body announces is what its sender likes to say.
 */
export const POOLED_INFLATES_MAX = 2;

/**
 * Least output buffer of an inflate, and the cap on an announced size. From half of Node's pool on a buffer has
 * memory of its own, which can be freed as soon as the request is done (`release-memory.ts`).
 */
export const INFLATE_CHUNK_BYTES_MIN = 32 * 1024;
export const INFLATE_CHUNK_BYTES_MAX = 16 * 1024 * 1024;

/**
 * Objects and lists in one JSON body. A full 64 MiB of ordinary OTLP/JSON has about 1.3 million; at the
 * limit the parsed form takes some 150 MB.
 */
export const JSON_CONTAINERS_MAX = 2_000_000;

/** 8 MiB: what RFC 8878 asks every decoder to support. A larger window only costs memory. */
export const ZSTD_WINDOW_LOG_MAX = 23;
