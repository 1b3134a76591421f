import type { CallArithmetic, Wire } from "./arithmetic.ts";
import type { Attachment, FactGroup } from "./call-facts.ts";
import type { TraceView } from "./trace-view.ts";

/** What the page of one record shows. */
export interface CallPageData {
  readonly project: { readonly id: string; readonly name: string };
  readonly title: string;
  readonly status: string;
  readonly errorType: string | undefined;
  readonly statusMessage: string | undefined;
  readonly groups: readonly FactGroup[];
  readonly attachments: readonly Attachment[];
  /** Undefined for a record that is alone in its trace, or in none. */
  readonly trace: TraceView | undefined;
  readonly arithmetic: Wire<CallArithmetic>;
}
