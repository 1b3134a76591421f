import http from "node:http";
import type { ClientRequest, IncomingMessage } from "node:http";
import https from "node:https";
import {
  INSTANCE_ID_HEADER,
  SERVICE_NAME_HEADER,
} from "@lensai/otel-config/control/acknowledgements";
import type { ProcessIdentity } from "@lensai/otel-config/control/acknowledgements";
import { parseControlPolicy } from "@lensai/otel-config/control/policy";
import type { ControlPolicy } from "@lensai/otel-config/control/policy";
import { SseParser } from "@lensai/otel-config/event-stream/sse-parser";
import type { ControlSigner } from "./control-signer.ts";
import type { PolicySourceOptions } from "./policy-file.ts";

/** Between two questions where the collector does not push. */
const POLL_INTERVAL_MS = 5_000;
/** Until a connection that says nothing is given up: collectors say something every 15 seconds. */
const SILENCE_MAX_MS = 45_000;
/** After a failure, doubling with every further one. */
const RETRY_MIN_MS = 1_000;
const RETRY_MAX_MS = 60_000;
/** After an answer that will not change by itself: no such address, no such key. */
const REFUSED_MS = 300_000;
/** Waiting times differ by up to this share, so that a thousand processes do not come back at once. */
const JITTER = 0.2;
/** A policy of tens of thousands of budgets. */
const POLICY_CHARACTERS_MAX = 16 * 1024 * 1024;

/** Signatures that are refused in a row before the collector is left alone for a while. */
const SIGNATURES_MAX = 3;

const MS_PER_SECOND = 1_000;

/** How a stream says for how many seconds the collector has not heard of the console. */
const AGE_COMMENT = /^: age (\d{1,10})$/m;

const REFUSALS: ReadonlySet<number> = new Set([401, 403, 404, 405]);
/** The collector has no stream for us. */
const NO_STREAM: ReadonlySet<number> = new Set([406, 503]);

export interface ControlSourceOptions extends PolicySourceOptions {
  /** http(s)://…/v1/control */
  readonly url: string;
  /** The API key, as exports send it. */
  readonly headers: Readonly<Record<string, string>>;
  /** Undefined: requests are not signed. */
  readonly signer?: ControlSigner | undefined;
  readonly identity: ProcessIdentity;
  /** A clock that nobody sets. */
  readonly nowMs: () => number;
  /** 0 to 1 */
  readonly random: () => number;
  readonly pollIntervalMs?: number;
}

/**
 * The policy of the project, from a collector: pushed as it changes where the collector streams, and asked for
 * with its ETag where it does not. It keeps no process alive. Whatever fails, the policy that came last holds.
 */
export class ControlSource {
  readonly #options: ControlSourceOptions;
  #request: ClientRequest | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isStopped = true;
  #etag: string | undefined;
  #current: ControlPolicy | undefined;
  #failures = 0;
  #streamAgainAtMs = -Infinity;
  #heardMs: number | undefined;
  #problem: string | undefined;

  constructor(options: ControlSourceOptions) {
    this.#options = options;
  }

  /** For how long the console has not said that the policy holds, as far as the collector knows; undefined: it never has. */
  get silentMs(): number | undefined {
    return this.#heardMs === undefined ? undefined : this.#options.nowMs() - this.#heardMs;
  }

  start(): void {
    if (!this.#isStopped) return;
    this.#isStopped = false;
    this.#ask();
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    this.#request?.destroy();
  }

  #ask(): void {
    const { signer } = this.#options;
    if (signer === undefined) this.#send();
    else void this.#sendSigned(signer);
  }

  async #sendSigned(signer: ControlSigner): Promise<void> {
    try {
      const signature = await signer.sign({ method: "GET", url: this.#options.url, body: "" });
      if (!this.#isStopped) this.#send(signature);
    } catch (error) {
      this.#failed(this.#request, error instanceof Error ? error.message : String(error));
    }
  }

  #send(signature?: Readonly<Record<string, string>>): void {
    const { url, headers, identity, nowMs } = this.#options;
    const wantsStream = nowMs() >= this.#streamAgainAtMs;
    try {
      const request = (url.startsWith("https:") ? https : http).request(url, {
        headers: {
          ...headers,
          ...signature,
          [INSTANCE_ID_HEADER]: identity.instanceId,
          [SERVICE_NAME_HEADER]: encodeURIComponent(identity.serviceName),
          accept: wantsStream ? "text/event-stream, application/json;q=0.9" : "application/json",
          ...(this.#etag !== undefined && !wantsStream && { "if-none-match": this.#etag }),
        },
        timeout: SILENCE_MAX_MS,
      });
      this.#request = request;
      request.on("socket", (socket) => socket.unref());
      request.on("timeout", () => request.destroy(new Error("the collector says nothing")));
      request.on("error", (error) => this.#failed(request, error.message));
      request.on("response", (response) => this.#answered(request, response));
      request.end();
    } catch (error) {
      this.#failed(this.#request, error instanceof Error ? error.message : String(error));
    }
  }

  #answered(request: ClientRequest, response: IncomingMessage): void {
    const { statusCode: status = 0, headers } = response;
    response.on("error", (error) => this.#failed(request, error.message));
    if (status === 200 && headers["content-type"]?.startsWith("text/event-stream") === true) {
      this.#readStream(request, response);
    } else if (status === 200) this.#readDocument(request, response);
    else {
      response.resume();
      if (status === 304) this.#heard(headers.age);
      if (NO_STREAM.has(status)) this.#streamAgainAtMs = this.#options.nowMs() + REFUSED_MS;
      if (status === 304) this.#again(request, this.#pollIntervalMs);
      else if (status === 401 && this.#maySignAgain(headers.date)) {
        this.#failures += 1;
        this.#again(request, 0);
      } else if (REFUSALS.has(status)) {
        this.#report(`it answers ${status}`);
        this.#again(request, REFUSED_MS);
      } else this.#failed(request, `it answers ${status}`);
    }
  }

  /** By another clock, or with another key: both may have been wrong. */
  #maySignAgain(date: string | undefined): boolean {
    const { signer } = this.#options;
    signer?.refused(date);
    return signer !== undefined && this.#failures < SIGNATURES_MAX;
  }

  #readStream(request: ClientRequest, response: IncomingMessage): void {
    const parser = new SseParser(POLICY_CHARACTERS_MAX);
    response.setEncoding("utf8");
    response.on("data", (text: string) => {
      for (const { data, raw } of parser.push(text)) {
        this.#heard(AGE_COMMENT.exec(raw)?.[1]);
        if (data !== undefined && data !== "") this.#take(data);
      }
    });
    response.on("end", () => this.#again(request, RETRY_MIN_MS));
  }

  #readDocument(request: ClientRequest, response: IncomingMessage): void {
    let text = "";
    response.setEncoding("utf8");
    response.on("data", (part: string) => {
      text += part;
      if (text.length > POLICY_CHARACTERS_MAX) request.destroy(new Error("the policy is too long"));
    });
    response.on("end", () => {
      if (this.#take(text)) {
        this.#etag = response.headers.etag;
        this.#heard(response.headers.age);
      }
      // It could have streamed and did not.
      this.#streamAgainAtMs = this.#options.nowMs() + REFUSED_MS;
      this.#again(request, this.#pollIntervalMs);
    });
  }

  /** False for what cannot be used. */
  #take(text: string): boolean {
    try {
      const policy = parseControlPolicy(JSON.parse(text));
      if (!this.#isOlder(policy)) {
        this.#current = policy;
        this.#options.onPolicy(policy);
      }
      return true;
    } catch (error) {
      this.#report(error instanceof Error ? error.message : String(error));
      return false;
    }
  }

  /** Of several collectors, one may not have heard yet. */
  #isOlder({ version, issuedAt }: ControlPolicy): boolean {
    if (this.#current === undefined || version >= this.#current.version) return false;
    return Date.parse(issuedAt) <= Date.parse(this.#current.issuedAt);
  }

  #heard(age: string | undefined): void {
    this.#failures = 0;
    const ageMs = Number(age ?? "0") * MS_PER_SECOND;
    this.#heardMs = this.#options.nowMs() - (Number.isFinite(ageMs) ? ageMs : 0);
  }

  #failed(request: ClientRequest | undefined, problem: string): void {
    if (this.#isStopped || request !== this.#request) return;
    this.#report(problem);
    this.#failures += 1;
    this.#again(request, Math.min(RETRY_MIN_MS * 2 ** (this.#failures - 1), RETRY_MAX_MS));
  }

  /** Once per request, however it ended. */
  #again(request: ClientRequest | undefined, afterMs: number): void {
    if (this.#isStopped || request !== this.#request) return;
    this.#request = undefined;
    const jitter = 1 + JITTER * (2 * this.#options.random() - 1);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#ask(), afterMs * jitter);
    this.#timer.unref();
  }

  get #pollIntervalMs(): number {
    return this.#options.pollIntervalMs ?? POLL_INTERVAL_MS;
  }

  #report(problem: string): void {
    if (problem === this.#problem) return;
    this.#problem = problem;
    this.#options.onProblem(
      `no policy from ${this.#options.url}, and what held before still holds: ${problem}`,
    );
  }
}
