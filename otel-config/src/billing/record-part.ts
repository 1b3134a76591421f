import { isModelCall } from "../dialects/call-role.ts";
import type { CallRole } from "../dialects/call-role.ts";
import type { UsageSource } from "../usage/usage.ts";
import type { CallPart } from "./call-record.ts";

/** Roles whose usage, when they report some, sums up calls. Tools and retrievals are never billed. */
const SUMMING_ROLES: Readonly<Partial<Record<CallRole, CallPart>>> = {
  agent: "agent",
  workflow: "agent",
  step: "step",
  chain: "step",
};

const BOUNDARIES: ReadonlySet<CallRole> = new Set<CallRole>(["tool", "agent", "workflow"]);

/** What a row is for billing; undefined when nothing of it can be billed. */
export function callPartOf(row: {
  readonly role: CallRole | undefined;
  readonly signal: string;
  readonly hasModel: boolean;
  /** Undefined where nothing is known or owed: on failed calls and on everything that is no call. */
  readonly usageSource: UsageSource | undefined;
}): CallPart | undefined {
  const { role, signal, hasModel, usageSource } = row;
  if (role === undefined || signal === "metric") return undefined;
  if (isModelCall(role)) return hasModel || usageSource !== undefined ? "call" : undefined;
  return signal === "span" && usageSource !== undefined ? SUMMING_ROLES[role] : undefined;
}

/** Starts work of its own: a call below it is not the call above it. */
export function isBoundaryRole(role: CallRole | undefined): boolean {
  return role !== undefined && BOUNDARIES.has(role);
}
