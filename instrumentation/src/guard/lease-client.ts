import { parseLeaseAnswer } from "@lensai/otel-config/control/leases";
import type { LeaseAnswer, LeaseRequest } from "@lensai/otel-config/control/leases";
import { createNodeTransport } from "../export/node-transport.ts";
import type { ControlSigner } from "./control-signer.ts";

export interface LeaseClientOptions {
  /** http(s)://…/v1/leases */
  readonly url: string;
  /** The API key, as exports send it. */
  readonly headers: Readonly<Record<string, string>>;
  /** Undefined: requests are not signed. */
  readonly signer?: ControlSigner | undefined;
}

/** Collectors give up on the console before that. */
const ANSWER_TIMEOUT_MS = 3_000;

/** Asks a collector for leases. Rejects when there is no answer in time, and none that can be used. */
export function createLeaseClient({
  url,
  headers,
  signer,
}: LeaseClientOptions): (request: LeaseRequest) => Promise<LeaseAnswer> {
  const send = createNodeTransport();
  return async (request) => {
    const asked = JSON.stringify(request);
    const signature = await signer?.sign({ method: "POST", url, body: asked });
    const {
      status,
      headers: answered,
      body,
    } = await send({
      url,
      headers: { ...headers, ...signature, "content-type": "application/json" },
      body: new TextEncoder().encode(asked),
      timeoutMs: ANSWER_TIMEOUT_MS,
    });
    if (status === 401) signer?.refused(answered["date"]);
    if (status !== 200) throw new Error(`the collector answers ${status}`);
    return parseLeaseAnswer(JSON.parse(new TextDecoder().decode(body)));
  };
}

/** Where leases are to be had, beside the policy; undefined when the address of that does not say. */
export function leasesUrlOf(controlUrl: string): string | undefined {
  return /\/v1\/control\/?$/.test(controlUrl)
    ? controlUrl.replace(/\/v1\/control\/?$/, "/v1/leases")
    : undefined;
}
