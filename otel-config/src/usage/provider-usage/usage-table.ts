import type { CountConvention, RawUsage } from "../usage.ts";

/** The counts of RawUsage. */
export type UsageField = Exclude<keyof RawUsage, "inputConvention" | "outputConvention" | "rest">;

/**
 * Where a count is, below the usage object: keys with dots between them. `list[NAME].key` is the element of
 * a list whose `modality` is NAME, `list[].key` the sum over all of its elements.
 */
export type UsagePath = string;

export interface UsageFieldRule {
  /** The first of these that is there. */
  readonly names: readonly UsagePath[];
  /** Added to it, each as far as it is there. */
  readonly plus?: readonly UsagePath[];
  /** Taken from it, down to zero: the part that another count holds already. */
  readonly minus?: readonly UsagePath[];
}

export type UsageFieldRules = Readonly<Partial<Record<UsageField, UsageFieldRule>>>;

/** How one API of a provider reports what a call used. */
export interface UsageTable {
  /** Provider and API, as in "openai.chat". */
  readonly api: string;
  /** Where the usage object is: keys with dots between them, "" for the body itself; the first that is there. */
  readonly roots: readonly string[];
  readonly fields: UsageFieldRules;
  /** What the body counts beside its usage, by paths from the body itself; read where there is a usage. */
  readonly beside?: UsageFieldRules;
  readonly inputConvention: CountConvention;
  readonly outputConvention: CountConvention;
  /** Where the provider documents it. */
  readonly source: string;
}
