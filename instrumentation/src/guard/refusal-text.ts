import { isFields } from "@lensai/otel-config/control/section-fields";
import type { Refusal, RefusalError } from "./refusal.ts";

/**
 * A refusal as the answer of a server. SDKs retry what looks like a broken connection, and an error thrown by
 * `fetch` does; an answer with one of these statuses they do not, and they make their own error of it, with
 * the headers and the body.
 */
export interface RefusalAnswer {
  readonly status: number;
  readonly statusText: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Holds the whole refusal as JSON, percent-encoded. */
export const REFUSAL_HEADER = "x-lensai-refusal";

const STATUSES = {
  budget: { status: 402, statusText: "Payment Required", type: "budget_exceeded" },
  kill_switch: { status: 403, statusText: "Forbidden", type: "kill_switch" },
  policy_stale: { status: 403, statusText: "Forbidden", type: "policy_stale" },
} as const;

export function refusalAnswer({ refusal, code, message }: RefusalError): RefusalAnswer {
  const { status, statusText, type } = STATUSES[refusal.kind];
  const lensai = textOfRefusal(refusal);
  // Each SDK looks for the message of an error where its own provider has it.
  const body = JSON.stringify({
    type: "error",
    message,
    error: {
      type,
      code,
      message,
      status: type.toUpperCase(),
      lensai: JSON.parse(lensai) as unknown,
    },
  });
  return {
    status,
    statusText,
    headers: {
      "content-type": "application/json",
      "content-length": String(new TextEncoder().encode(body).length),
      // OpenAI's and Anthropic's SDKs ask this first.
      "x-should-retry": "false",
      // AWS's SDKs name their errors after it.
      "x-amzn-errortype": `${type}:${code}`,
      [REFUSAL_HEADER]: encodeURIComponent(lensai),
    },
    body,
  };
}

function textOfRefusal(refusal: Refusal): string {
  return JSON.stringify(refusal, (_, value: unknown) =>
    typeof value === "bigint" ? value.toString() : value,
  );
}

/** The refusal that a header holds; undefined for anything else. */
export function refusalOfHeader(header: string): Refusal | undefined {
  try {
    return refusalOfFields(JSON.parse(decodeURIComponent(header)));
  } catch {
    return undefined;
  }
}

/** A refusal by its JSON; undefined when it is not one. */
export function refusalOfFields(value: unknown): Refusal | undefined {
  if (!isFields(value) || typeof value["message"] !== "string") return undefined;
  if (value["kind"] === "kill_switch" || value["kind"] === "policy_stale")
    return value as unknown as Refusal;
  if (value["kind"] !== "budget") return undefined;
  const { limitNanoUsd, remainingNanoUsd, heldNanoUsd } = value;
  if (![limitNanoUsd, remainingNanoUsd, heldNanoUsd].every((nano) => isDigits(nano)))
    return undefined;
  const amounts = {
    limitNanoUsd: BigInt(limitNanoUsd as string),
    remainingNanoUsd: BigInt(remainingNanoUsd as string),
    heldNanoUsd: BigInt(heldNanoUsd as string),
  };
  return Object.assign({}, value, amounts) as unknown as Refusal;
}

function isDigits(value: unknown): boolean {
  return typeof value === "string" && /^\d+$/.test(value);
}
