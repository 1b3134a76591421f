import { failureOf, outcomeOf } from "./export-outcome.ts";
import type { ExportAnswer, ExportOutcome } from "./export-outcome.ts";
import { signExport } from "./sign-export.ts";
import type { SigningKey, SigningKeys } from "./signing-keys.ts";

/** One request, to be sent as it is. Rejects when no whole answer has come within `timeoutMs`. */
export type ExportTransport = (request: ExportRequest) => Promise<ExportAnswer>;

export interface ExportRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array<ArrayBuffer>;
  readonly timeoutMs: number;
}

export interface OtlpClientOptions {
  /** Sent with every request: API keys, and what OTEL_EXPORTER_OTLP_HEADERS says. */
  readonly headers: Readonly<Record<string, string>>;
  /** Undefined: requests are not signed. */
  readonly keys: SigningKeys | undefined;
  readonly transport: ExportTransport;
  /** For one request, from the connection to the last byte of the answer, unless a post says otherwise. */
  readonly timeoutMs: number;
  /** Unix time in milliseconds. */
  readonly now: () => number;
  /** At least 16 characters that were never there before. */
  readonly nonce: () => string;
}

/** A body as it goes over the wire. */
export interface EncodedBody {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly isGzip: boolean;
}

interface Posted {
  readonly url: string;
  readonly body: EncodedBody;
  readonly timeoutMs: number;
}

const CONTENT_TYPE = "application/x-protobuf";
const UNAUTHORIZED = 401;
const MS_PER_SECOND = 1000;

/** Posts exports to one receiver, signed when there are keys. Nothing here waits or tries for long. */
export class OtlpClient {
  readonly #options: OtlpClientOptions;
  /** What the receiver's clock is ahead of ours. */
  #clockOffsetMs = 0;
  /** The key that was accepted last. */
  #acceptedKeyId: string | undefined;

  constructor(options: OtlpClientOptions) {
    this.#options = options;
  }

  /**
   * One attempt. A signature that is refused is made again, once per key: with the keys as they are now and by the
   * receiver's clock. Never rejects.
   */
  async post(
    url: string,
    body: EncodedBody,
    timeoutMs = this.#options.timeoutMs,
  ): Promise<ExportOutcome> {
    try {
      const answer = await this.#postSigned({ url, body, timeoutMs });
      return outcomeOf(answer, this.#options.now());
    } catch (error) {
      return failureOf(error);
    }
  }

  async #postSigned(posted: Posted): Promise<ExportAnswer> {
    const { keys } = this.#options;
    if (keys === undefined) return this.#send(posted, undefined);
    const [first] = this.#inOrder(await keys.read());
    let answer = await this.#send(posted, first);
    if (answer.status !== UNAUTHORIZED) return answer;
    this.#learnClock(answer);
    for (const key of this.#inOrder(await keys.read())) {
      answer = await this.#send(posted, key);
      if (answer.status !== UNAUTHORIZED) break;
    }
    return answer;
  }

  async #send(
    { url, body, timeoutMs }: Posted,
    key: SigningKey | undefined,
  ): Promise<ExportAnswer> {
    const { headers, transport, now, nonce } = this.#options;
    const { bytes, isGzip } = body;
    const created = Math.floor((now() + this.#clockOffsetMs) / MS_PER_SECOND);
    const path = new URL(url).pathname;
    const toSign = { path, contentType: CONTENT_TYPE, body: bytes, created, nonce: nonce() };
    const answer = await transport({
      url,
      headers: {
        ...headers,
        "content-type": CONTENT_TYPE,
        ...(isGzip && { "content-encoding": "gzip" }),
        ...(key !== undefined && (await signExport(toSign, key))),
      },
      body: bytes,
      timeoutMs,
    });
    if (key !== undefined && answer.status !== UNAUTHORIZED) this.#acceptedKeyId = key.keyId;
    return answer;
  }

  /** The key that was accepted last comes first, if it is still there. */
  #inOrder(keys: readonly SigningKey[]): readonly SigningKey[] {
    const accepted = keys.filter(({ keyId }) => keyId === this.#acceptedKeyId);
    return [...accepted, ...keys.filter((key) => !accepted.includes(key))];
  }

  #learnClock({ headers }: ExportAnswer): void {
    const theirs = Date.parse(headers["date"] ?? "");
    if (!Number.isNaN(theirs)) this.#clockOffsetMs = theirs - this.#options.now();
  }
}
