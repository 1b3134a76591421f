import http from "node:http";
import assert from "node:assert/strict";
import { onTestFinished } from "vitest";
import { callPort } from "../conformance/grpc-call.ts";
import { statusOf } from "../conformance/harness.ts";
import { seededRandom } from "../crash/seeded-random.ts";
import { until } from "../landing/test-folder.ts";
import { range, spanIdOf, tracesOf } from "./bar-requests.ts";
import type { ChildCollector } from "./child-collector.ts";

const SPANS_PER_REQUEST = 20;
/** Of words that no compression shrinks much, or it would take long until a disk is full of Parquet. */
const TEXT_WORDS = 400;
const PROTOBUF = { "content-type": "application/x-protobuf" };

const random = seededRandom(1);

const letters = (): string =>
  String.fromCharCode(...range(0, 4).map(() => 97 + Math.floor(random() * 26)));

const text = (): string => range(0, TEXT_WORDS).map(letters).join(" ");

/** Sends ever new spans and keeps book of what was acknowledged. */
export class Sender {
  readonly acknowledged: string[] = [];
  readonly refusals = { http: 0, grpc: 0 };
  private next = 1;
  private text = "";
  private readonly child: ChildCollector;
  private readonly agent = new http.Agent({ keepAlive: true, maxSockets: 8 });

  constructor(child: ChildCollector) {
    this.child = child;
    onTestFinished(() => this.agent.destroy());
  }

  /** One request over HTTP; true when it was acknowledged. Anything but 200 and a proper 503 fails the test. */
  async post(): Promise<boolean> {
    const numbers = this.take();
    const body = tracesOf(numbers, this.text);
    const response = await this.child.send({ headers: PROTOBUF, body, agent: this.agent });
    if (response.status === 200) return this.note(numbers);
    assert.equal(response.status, 503);
    const retryAfter = Number(response.headers["retry-after"]);
    assert.ok(retryAfter >= 1 && retryAfter <= 5, `Retry-After is ${retryAfter}`);
    assert.match(String(statusOf(response)["message"]), /send the request again later$/);
    this.refusals.http += 1;
    return false;
  }

  async call(): Promise<boolean> {
    const numbers = this.take();
    const answer = await callPort(this.child.grpcPort, { message: tracesOf(numbers, this.text) });
    if (answer.status === 0) return this.note(numbers);
    assert.equal(answer.status, 14);
    const details = answer.details?.["details"] as { typeUrl?: string }[];
    const types = details.map(({ typeUrl }) => typeUrl);
    assert.ok(types.includes("type.googleapis.com/google.rpc.RetryInfo"));
    this.refusals.grpc += 1;
    return false;
  }

  /** Sends until a request is refused; fails when everything is accepted. */
  async untilRefused(requestsMax: number): Promise<void> {
    for (let request = 0; request < requestsMax; request += 1) {
      const isAccepted = request % 10 === 9 ? await this.call() : await this.post();
      if (!isAccepted) return;
    }
    throw new Error(`${requestsMax} requests were accepted`);
  }

  /** Load that keeps coming although it is refused. */
  async press(requests: number): Promise<void> {
    const clients = range(0, 8).map(async (client) => {
      for (let request = client; request < requests; request += 8) {
        await (request % 100 === 0 ? this.call() : this.post());
      }
    });
    await Promise.all(clients);
  }

  async untilAccepted(): Promise<void> {
    await until(async () => (await this.post()) && (await this.call()));
  }

  /** Of text, at least. */
  get acknowledgedBytes(): number {
    return this.acknowledged.length * TEXT_WORDS * 5;
  }

  get summary(): string {
    const { http: overHttp, grpc } = this.refusals;
    return `${this.acknowledged.length} spans acknowledged; ${overHttp} HTTP and ${grpc} gRPC requests refused`;
  }

  private take(): number[] {
    const numbers = range(this.next, SPANS_PER_REQUEST);
    this.text = text();
    this.next += SPANS_PER_REQUEST;
    return numbers;
  }

  private note(numbers: readonly number[]): true {
    this.acknowledged.push(...numbers.map(spanIdOf));
    return true;
  }
}
