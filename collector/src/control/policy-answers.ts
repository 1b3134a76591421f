import { policyOf } from "@lensai/otel-config/control/policy";
import type { ControlPolicy } from "@lensai/otel-config/control/policy";
import type { ControlIndex } from "./index-snapshot.ts";

/** What a collector without a snapshot knows: no budget, no kill-switch, said by nobody at no time. */
const NO_POLICY: ControlPolicy = {
  formatVersion: 1,
  version: 0,
  issuedAt: new Date(0).toISOString(),
  budgets: [],
  killSwitches: [],
};

/** The policies of projects as JSON, each made once per version: thousands of processes ask for the same one. */
export class PolicyAnswers {
  private madeFrom: ControlIndex | undefined;
  private readonly byProject = new Map<string, string>();

  /** The policy of a project in one line. */
  policyJson(control: ControlIndex, projectId: string): string {
    if (control !== this.madeFrom) {
      this.byProject.clear();
      this.madeFrom = control;
    }
    const known = this.byProject.get(projectId);
    if (known !== undefined) return known;
    const { snapshot } = control;
    const policy = snapshot === undefined ? NO_POLICY : policyOf(snapshot, projectId);
    const json = JSON.stringify(policy);
    this.byProject.set(projectId, json);
    return json;
  }
}

/** The entity tag of every policy of a version. */
export const policyEtag = ({ version }: ControlIndex): string => `"${version}"`;

/** Weak comparison (RFC 9110 sections 8.8.3.2 and 13.1.2). */
export function isKnownTag(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  const tags = new Set(ifNoneMatch.split(",").map((tag) => tag.trim().replace(/^W\//, "")));
  return tags.has(etag) || tags.has("*");
}
