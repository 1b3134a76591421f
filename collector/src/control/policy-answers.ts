import { createHash } from "node:crypto";
import { policyOf } from "@lensai/otel-config/control/policy";
import type { ControlPolicy } from "@lensai/otel-config/control/policy";
import { projectPriceDocument } from "@lensai/otel-config/control/project-prices";
import type { PriceLayer } from "@lensai/otel-config/pricing/price-layer";
import type { ControlIndex } from "./index-snapshot.ts";

/** What a collector without a snapshot knows: no budget, no kill-switch, said by nobody at no time. */
const NO_POLICY: ControlPolicy = {
  formatVersion: 1,
  version: 0,
  issuedAt: new Date(0).toISOString(),
  budgets: [],
  killSwitches: [],
};

/** A policy as it is sent. */
export interface PolicyAnswer {
  readonly version: number;
  /** In one line. */
  readonly json: string;
  /** Of what it says, whatever its version: policies that say the same have the same. */
  readonly etag: string;
}

/** Prices that are not the published ones, as they are now. */
export interface PriceOverrides {
  /** Another object after every change; undefined while there are none. */
  readonly overrides: PriceLayer | undefined;
  /** Tells of every change from now on. */
  onChange(listener: () => void): void;
  /** What a control snapshot says of them; undefined: nothing. */
  useConsole(document: unknown): void;
}

/** The policies of projects, each made once per version: thousands of processes ask for the same one. */
export class PolicyAnswers {
  private readonly prices: Pick<PriceOverrides, "overrides"> | undefined;
  private madeFrom: ControlIndex | undefined;
  private madeWith: PriceLayer | undefined;
  private readonly byProject = new Map<string, PolicyAnswer>();

  constructor(prices?: Pick<PriceOverrides, "overrides">) {
    this.prices = prices;
  }

  policyOf(control: ControlIndex, projectId: string): PolicyAnswer {
    const overrides = this.prices?.overrides;
    if (control !== this.madeFrom || overrides !== this.madeWith) {
      this.byProject.clear();
      this.madeFrom = control;
      this.madeWith = overrides;
    }
    const known = this.byProject.get(projectId);
    if (known !== undefined) return known;
    const { snapshot } = control;
    const prices = overrides && projectPriceDocument(overrides, projectId);
    const answer = answerOf({
      ...(snapshot === undefined ? NO_POLICY : policyOf(snapshot, projectId)),
      ...(prices !== undefined && { prices }),
    });
    this.byProject.set(projectId, answer);
    return answer;
  }
}

/** Enough of the hash to tell policies apart that follow each other. */
const TAG_CHARACTERS = 22;

function answerOf(policy: ControlPolicy): PolicyAnswer {
  const said = JSON.stringify({ ...policy, version: 0, issuedAt: "" });
  const hash = createHash("sha256").update(said).digest("base64url");
  const { version } = policy;
  return { version, json: JSON.stringify(policy), etag: `"${hash.slice(0, TAG_CHARACTERS)}"` };
}

/** Weak comparison (RFC 9110 sections 8.8.3.2 and 13.1.2). */
export function isKnownTag(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  const tags = new Set(ifNoneMatch.split(",").map((tag) => tag.trim().replace(/^W\//, "")));
  return tags.has(etag) || tags.has("*");
}
