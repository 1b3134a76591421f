import { createHash, randomBytes } from "node:crypto";
import { diag } from "@opentelemetry/api";
import type { SigningSource } from "../export/export-settings.ts";
import { Acknowledger } from "./acknowledger.ts";
import { controlSignerOf } from "./control-signer.ts";
import type { ControlSigner } from "./control-signer.ts";
import { ControlSource } from "./control-source.ts";
import { FirstPolicy } from "./first-policy.ts";
import { Guard } from "./guard.ts";
import { createLeaseClient, leasesUrlOf } from "./lease-client.ts";
import { PolicyFile } from "./policy-file.ts";
import { RemoteLeases } from "./remote-leases.ts";
import type { RemoteLeasesOptions } from "./remote-leases.ts";

export interface GuardSettings {
  /** Then no collector is asked. */
  readonly policyFile: string | undefined;
  /** http(s)://…/v1/control; undefined when there is no collector to ask. */
  readonly controlUrl: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  /** Where what was spent of leases is written; "" or undefined: nowhere. */
  readonly journalFolder?: string | undefined;
  /** What requests to the collector are signed with; undefined: they are not. */
  readonly signing: SigningSource | undefined;
  /** What scopes call `environment`. */
  readonly environment: string | undefined;
  /** OTel's service.name; undefined: nobody has said it. */
  readonly serviceName: string | undefined;
}

export interface RunningGuard {
  readonly guard: Guard;
  /** Resolves when calls are decided about, or cannot be yet; a second after the start at the latest. */
  readonly ready: Promise<void>;
  /** Resolves when the ledger knows what was spent and has the rest back, or cannot be told. Never rejects. */
  readonly giveBack: () => Promise<void>;
  /** The same; the policy that came last goes on to hold. */
  readonly stop: () => Promise<void>;
}

/** Names one start of one process. */
const INSTANCE_ID_BYTES = 12;
/** As OpenTelemetry's SDKs call a service that nobody has named. */
const UNKNOWN_SERVICE = "unknown_service:node";

/** A guard that has its policy from a file, or else from the collector that the spans go to. */
export function startGuard(settings: GuardSettings): RunningGuard {
  const { policyFile, controlUrl, headers, environment, serviceName } = settings;
  const instanceId = randomBytes(INSTANCE_ID_BYTES).toString("base64url");
  const signer = controlSignerOf(settings.signing);
  const leases = remoteLeases(settings, signer, {
    instanceId,
    nowMs: () => guard.nowMs(),
    onLedgerTime: (ledgerMs, tookMs) => guard.hearTime(ledgerMs, tookMs),
  });
  const firstPolicy =
    policyFile === undefined && controlUrl !== undefined ? new FirstPolicy() : undefined;
  const ready = firstPolicy?.waiting ?? Promise.resolve();
  let source: ControlSource | undefined;
  const guard = new Guard({
    environment,
    firstPolicy,
    silentMs: () => source?.silentMs,
    ...(leases !== undefined && { leases }),
  });
  const giveBack = async (): Promise<void> => leases?.giveBack();
  const told = {
    onPolicy: guard.apply.bind(guard),
    onProblem: (sentence: string) => {
      diag.error(`@lensai/instrumentation: ${sentence}`);
      firstPolicy?.end();
    },
  };
  if (policyFile !== undefined) {
    const file = new PolicyFile(policyFile, told);
    file.start();
    return { guard, ready, giveBack, stop: async () => file.stop() };
  }
  if (controlUrl === undefined) return { guard, ready, giveBack, stop: giveBack };
  const identity = { instanceId, serviceName: serviceName ?? UNKNOWN_SERVICE };
  const asking = { headers, signer, identity, random: Math.random };
  const acknowledger = new Acknowledger({
    url: `${controlUrl}/acknowledgements`,
    ...asking,
  });
  source = new ControlSource({
    ...told,
    onPolicy: (policy) => {
      guard.apply(policy);
      acknowledger.holds(policy.version);
      // With what is lent for its budgets: a call that cannot wait would be refused without.
      void leases?.answered().then(() => firstPolicy?.end());
    },
    url: controlUrl,
    ...asking,
    nowMs: () => performance.now(),
  });
  source.start();
  const stop = async (): Promise<void> => {
    source?.stop();
    acknowledger.stop();
    await giveBack();
  };
  return { guard, ready, giveBack, stop };
}

/** Undefined where each process has its budgets for itself. */
function remoteLeases(
  { policyFile, controlUrl, headers, journalFolder, signing }: GuardSettings,
  signer: ControlSigner | undefined,
  options: Omit<RemoteLeasesOptions, "exchange">,
): RemoteLeases | undefined {
  const url = controlUrl && leasesUrlOf(controlUrl);
  if (policyFile !== undefined || url === undefined) return undefined;
  const audience = audienceOf(url, headers, signing);
  const journal = journalFolder ? { folder: journalFolder, audience } : undefined;
  const exchange = createLeaseClient({ url, headers, signer });
  return new RemoteLeases({ ...options, exchange, journal });
}

/** Tells nothing of the key: who has it already can see that it is the same. */
function audienceOf(
  url: string,
  headers: Readonly<Record<string, string>>,
  signing: SigningSource | undefined,
): string {
  const secret = signing && ("file" in signing ? signing.file : signing.keyId);
  return createHash("sha256")
    .update(JSON.stringify([url, headers, secret]))
    .digest("base64url");
}
