import type { ServerResponse } from "node:http";
import { LensError } from "@lensai/otel-config/errors";
import type { Component } from "../component.ts";
import type { PolicyAnswer } from "./policy-answers.ts";

/** Proxies close streams that are silent for a minute. */
const HEARTBEAT_INTERVAL_MS = 15_000;

/** How long a client that lost its stream waits before it comes back, in the stream's own notation. */
const RECONNECT_MS = 2000;

/** Each is a socket and a few hundred bytes. Who comes later is told to come again, and may poll meanwhile. */
const STREAMS_MAX = 8192;

/**
 * A reader that leaves this many bytes lying, beside the policy that it was told last, is asleep or gone: its stream ends, and it
 * may come back. A policy of thousands of budgets has more by itself: who reads it slowly would be cut off by the next
 * comment, come back, and be sent the whole again. Readers of one project are sent the same buffer.
 */
const UNREAD_BYTES_MAX = 1024 * 1024;

interface Told {
  readonly etag: string;
  readonly sizeBytes: number;
}

const NOTHING: Told = { etag: "", sizeBytes: 0 };

export interface PolicyStream {
  /** The policy that holds now. Throws when the reader may not know it any longer. */
  readonly policy: () => PolicyAnswer;
  readonly response: ServerResponse;
}

/**
 * Server-sent events: every reader has the policy at once, and again whenever it says something else. Most changes
 * of a snapshot are of other projects: they are told to nobody here.
 */
export class PolicyStreams implements Component {
  readonly name = "policy streams";
  /** With what each was told last. */
  private readonly streams = new Map<PolicyStream, Told>();
  /** As it is sent, made once for the thousands that are sent the same. */
  private readonly events = new WeakMap<PolicyAnswer, Buffer>();
  private readonly ageMs: () => number | undefined;
  private timer: NodeJS.Timeout | undefined;
  private isStopped = false;

  /** `ageMs`: since what is told here was confirmed; undefined when there is nobody to confirm it. */
  constructor(ageMs: () => number | undefined = () => undefined) {
    this.ageMs = ageMs;
  }

  get size(): number {
    return this.streams.size;
  }

  async start(): Promise<void> {
    this.timer = setInterval(() => this.beat(), HEARTBEAT_INTERVAL_MS);
    this.timer.unref();
  }

  /** Ends all streams: their readers come back to whoever listens then. */
  async stop(): Promise<void> {
    this.isStopped = true;
    clearInterval(this.timer);
    for (const { response } of this.streams.keys()) response.end();
    this.streams.clear();
  }

  /** Throws LensError `ingest.overloaded` and `ingest.shutting_down`, before anything is written. */
  refuseWhileFull(): void {
    if (this.isStopped) {
      throw new LensError("ingest.shutting_down", "the collector is stopping; come back", {
        retryable: true,
        retryAfterSeconds: 1,
      });
    }
    if (this.streams.size < STREAMS_MAX) return;
    throw new LensError(
      "ingest.overloaded",
      `${STREAMS_MAX} processes read this collector's policy as a stream; poll instead, with if-none-match`,
      { retryable: true, retryAfterSeconds: 5 },
    );
  }

  /** After the response's head. */
  add(stream: PolicyStream): void {
    this.streams.set(stream, NOTHING);
    stream.response.on("close", () => this.streams.delete(stream));
    stream.response.write(`retry: ${RECONNECT_MS}\n\n`);
    this.tell(stream);
  }

  /** Tells the policy of now to everybody who has another. */
  publish(): void {
    for (const stream of this.streams.keys()) this.tell(stream);
  }

  private tell(stream: PolicyStream): void {
    try {
      const policy = stream.policy();
      if (this.streams.get(stream)?.etag === policy.etag) return;
      const event = this.eventOf(policy);
      this.write(stream, event);
      this.streams.set(stream, { etag: policy.etag, sizeBytes: event.length });
    } catch {
      // The key was revoked. The reader learns why when it comes back.
      stream.response.end();
    }
  }

  private eventOf(policy: PolicyAnswer): Buffer {
    const known = this.events.get(policy);
    if (known !== undefined) return known;
    const { version, json } = policy;
    const event = Buffer.from(`event: policy\nid: ${version}\ndata: ${json}\n\n`);
    this.events.set(policy, event);
    return event;
  }

  /** Says how old the policy is, in seconds. Also finds out whose key has expired meanwhile. */
  private beat(): void {
    const ageMs = this.ageMs();
    const comment =
      ageMs === undefined ? ":\n\n" : `: age ${Math.max(0, Math.floor(ageMs / 1000))}\n\n`;
    for (const stream of this.streams.keys()) {
      try {
        stream.policy();
        this.write(stream, comment);
      } catch {
        stream.response.end();
      }
    }
  }

  /** To the socket itself: a response keeps what is written until all the others have been written to. */
  private write(stream: PolicyStream, event: string | Buffer): void {
    const { response } = stream;
    const out = response.socket ?? response;
    const { sizeBytes } = this.streams.get(stream) ?? NOTHING;
    if (out.writableLength > UNREAD_BYTES_MAX + sizeBytes) response.destroy();
    else out.write(event);
  }
}
