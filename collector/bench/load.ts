import { Agent, request } from "node:http";

/** Load from one process: at a fixed rate (open loop) or as fast as N connections allow. */

export interface Target {
  readonly port: number;
  /** The nth request to send. */
  next(n: number): { body: Buffer; headers: Record<string, string> };
}

export interface LoadResult {
  readonly sent: number;
  readonly refused: number;
  readonly seconds: number;
  /** Sorted, milliseconds from the moment the request was due to the end of the answer. */
  readonly latenciesMs: number[];
}

const CONNECTIONS_MAX = 64;

function post(target: Target, agent: Agent, n: number): Promise<number> {
  const { body, headers } = target.next(n);
  return new Promise((resolve) => {
    const call = request(
      {
        host: "127.0.0.1",
        port: target.port,
        path: "/v1/traces",
        method: "POST",
        agent,
        headers: { ...headers, "content-length": body.length },
      },
      (response) => {
        response.resume();
        response.on("end", () => resolve(response.statusCode ?? 0));
      },
    );
    call.on("error", () => resolve(0));
    call.end(body);
  });
}

/** `ratePerSecond` requests a second, whether or not earlier ones were answered. */
export async function openLoop(
  target: Target,
  options: { ratePerSecond: number; seconds: number; first: number },
): Promise<LoadResult> {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS_MAX });
  const total = options.ratePerSecond * options.seconds;
  const started = performance.now();
  const latenciesMs: number[] = [];
  let refused = 0;
  const answers: Promise<void>[] = [];
  const record = async (answer: Promise<number>, dueMs: number): Promise<void> => {
    if ((await answer) === 200) latenciesMs.push(performance.now() - dueMs);
    else refused += 1;
  };
  for (let i = 0; i < total; i += 1) {
    const dueMs = started + (i * 1000) / options.ratePerSecond;
    const waitMs = dueMs - performance.now();
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
    answers.push(record(post(target, agent, options.first + i), dueMs));
  }
  await Promise.all(answers);
  agent.destroy();
  return finish({ sent: total, refused, started, latenciesMs });
}

/** `connections` requests in flight at all times. */
export async function saturate(
  target: Target,
  options: { connections: number; seconds: number; first: number },
): Promise<LoadResult> {
  const agent = new Agent({ keepAlive: true, maxSockets: options.connections });
  const started = performance.now();
  const latenciesMs: number[] = [];
  let sent = 0;
  let refused = 0;
  const worker = async (): Promise<void> => {
    while (performance.now() - started < options.seconds * 1000) {
      const at = performance.now();
      const n = sent;
      sent += 1;
      if ((await post(target, agent, options.first + n)) === 200)
        latenciesMs.push(performance.now() - at);
      else refused += 1;
    }
  };
  await Promise.all(Array.from({ length: options.connections }, worker));
  agent.destroy();
  return finish({ sent, refused, started, latenciesMs });
}

function finish(run: {
  sent: number;
  refused: number;
  started: number;
  latenciesMs: number[];
}): LoadResult {
  run.latenciesMs.sort((a, b) => a - b);
  return {
    sent: run.sent,
    refused: run.refused,
    seconds: (performance.now() - run.started) / 1000,
    latenciesMs: run.latenciesMs,
  };
}

export function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
