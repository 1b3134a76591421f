import type { ProviderRecord } from "./provider-record.ts";
import type { Fields } from "./read-fields.ts";

/** A record but for the bucket that it is in. */
export type BucketResult = Pick<ProviderRecord, "model" | "item" | "told">;

/** How one kind of result is read. */
export interface ResultShape {
  readonly subject: string;
  /** What the provider must be asked to group by, so that its results tell models apart. */
  readonly groupBy: string;
  readonly read: (result: Fields, where: string) => BucketResult;
}
