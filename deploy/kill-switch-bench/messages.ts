/** Between the bench and the processes that hold its clients. Times are of the machine's monotonic clock, in ms. */
export type ToClients = { readonly kind: "connect"; readonly count: number };

export type FromClients =
  | { readonly kind: "connected" }
  /** Every client of this process has applied a policy with so many switches: when each did. */
  | { readonly kind: "applied"; readonly switches: number; readonly atMs: readonly number[] };

/** One clock for all processes of a machine. */
export const monotonicMs = (): number => Number(process.hrtime.bigint()) / 1e6;

export interface ClientOptions {
  /** http://…/v1/control */
  readonly controlUrl: string;
  readonly apiKey: string;
  /** Told with the number of switches of every policy, and when it came to hold. */
  readonly onPolicy: (switches: number, atMs: number) => void;
}
