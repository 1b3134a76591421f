import type { CallArithmetic, Wire } from "./arithmetic.ts";
import type { Attachment, FactGroup } from "./call-facts.ts";

/** What the page of one record shows. */
export interface CallPageData {
  readonly project: { readonly id: string; readonly name: string };
  readonly title: string;
  readonly status: string;
  readonly errorType: string | undefined;
  readonly statusMessage: string | undefined;
  readonly groups: readonly FactGroup[];
  readonly attachments: readonly Attachment[];
  readonly arithmetic: Wire<CallArithmetic>;
}
