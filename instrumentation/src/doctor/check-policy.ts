import { parseControlPolicy } from "@lensai/otel-config/control/policy";
import type { ControlPolicy } from "@lensai/otel-config/control/policy";
import { controlSignerOf } from "../guard/control-signer.ts";
import type { GuardSettings } from "../guard/start-guard.ts";
import type { Finding } from "./finding.ts";
import { ok, problem, warning } from "./finding.ts";

export interface PolicySettings extends Pick<GuardSettings, "signing"> {
  /** http(s)://…/v1/control; undefined: there is no collector to ask. */
  readonly controlUrl: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
}

/** What collectors and the console say to each other several times a minute. */
const LATE_SECONDS = 60;
const TIMEOUT_MS = 10_000;

/** Asks for the policy as the guard of the application does, and how old it is. */
export async function checkPolicy(settings: PolicySettings): Promise<readonly Finding[]> {
  const { controlUrl, headers } = settings;
  if (controlUrl === undefined) return [];
  try {
    const asked = { method: "GET", url: controlUrl, body: "" } as const;
    const signature = await controlSignerOf(settings.signing)?.sign(asked);
    const response = await fetch(controlUrl, {
      headers: { ...headers, ...signature, accept: "application/json" },
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    if (response.status !== 200) return [unanswered(`answers ${response.status}`)];
    const policy = parseControlPolicy(await response.json());
    return [ageOf(policy, Number(response.headers.get("age") ?? "0"))];
  } catch (error) {
    return [unanswered(`cannot be used: ${error instanceof Error ? error.message : "no answer"}`)];
  }
}

function unanswered(what: string): Finding {
  return warning(
    "policy",
    `the collector has no policy for this key: it ${what}`,
    "budgets and kill-switches stop nothing here; use a collector that has a console, and a key that may read control",
  );
}

function ageOf(policy: ControlPolicy, ageSeconds: number): Finding {
  const { version, maxStalenessSeconds, staleMode = "closed" } = policy;
  const rules = `${policy.budgets.length} budgets, ${policy.killSwitches.length} kill-switches`;
  const heard = `the policy (version ${version}: ${rules}) was heard from the console ${ageSeconds} s ago`;
  const advice = "see whether the console is up, and reachable from the collector";
  if (maxStalenessSeconds !== undefined && ageSeconds > maxStalenessSeconds) {
    const allowed = `${heard}, and may be ${maxStalenessSeconds} s old`;
    return staleMode === "closed"
      ? problem("policy", `${allowed}: calls of models are refused`, advice)
      : warning("policy", `${allowed}: ${STALE_WORDS[staleMode]}`, advice);
  }
  return ageSeconds > LATE_SECONDS ? warning("policy", heard, advice) : ok("policy", heard);
}

const STALE_WORDS = {
  last_known: "calls go on by it",
  open: "calls go on, and are only counted",
} as const;
