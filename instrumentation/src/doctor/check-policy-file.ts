import path from "node:path";
import type { ControlPolicy } from "@lensai/otel-config/control/policy";
import { readPolicyFile } from "../guard/policy-file.ts";
import type { Finding } from "./finding.ts";
import { ok, problem, warning } from "./finding.ts";

/**
 * Reads the policy as the guard of the application does, which then asks no collector for one.
 *
 * @param folder where the application is started: a relative name is looked for there
 */
export function checkPolicyFile(folder: string, file: string): Finding {
  try {
    return judged(readPolicyFile(path.resolve(folder, file)), file);
  } catch (error) {
    return problem(
      "policy",
      `the policy file ${file} cannot be used: ${error instanceof Error ? error.message : String(error)}`,
      "mend it, or unset LENSAI_POLICY_FILE: until then no budget and no kill-switch stops anything",
    );
  }
}

/** Without a ledger that they share, three processes spend a budget three times. */
function judged({ budgets, killSwitches }: ControlPolicy, file: string): Finding {
  const rules = `${budgets.length} budgets, ${killSwitches.length} kill-switches`;
  const enforced = budgets.filter(({ mode }) => mode === "enforce").length;
  if (enforced === 0) return ok("policy", `the policy is that of ${file} (${rules})`);
  return warning(
    "policy",
    `the policy is that of ${file} (${rules}): each process has the whole amount of the ${enforced} enforced for itself, and anew when it starts again`,
    "unset LENSAI_POLICY_FILE to hold to the collector's budgets, which all processes share; or have one process only",
  );
}
