import type { AlertFacts, AlertSeverity } from "@lensai/otel-config/alerts/alert";
import type { ChannelConfig } from "../db/schema/alert-channels.ts";
import type { ChannelSecret } from "../services/alerts/channel-secret.ts";

/** An event on its way to one channel. */
export interface Delivery {
  readonly event: AlertFacts & {
    readonly id: string;
    readonly severity: AlertSeverity;
    readonly occurredAt: Date;
    readonly projectId: string;
    readonly projectName: string;
    /** Of whoever did it, where somebody did and has one. */
    readonly actorName?: string | undefined;
  };
  readonly channel: {
    readonly id: string;
    readonly name: string;
    readonly config: ChannelConfig;
    readonly secret: ChannelSecret;
  };
  /** An attempt before this one may have arrived. */
  readonly mayHaveArrived: boolean;
}

export type DeliveryOutcome =
  | { readonly outcome: "delivered"; readonly receiptId?: string | undefined }
  | FailedDelivery;

export interface FailedDelivery {
  readonly outcome: "failed";
  /** What an operator may read: nothing secret, nothing of the alert. */
  readonly reason: string;
  /** It may have arrived all the same: no answer came, or one that does not say. */
  readonly mayHaveArrived: boolean;
  /** The receiver asks for patience. */
  readonly retryAfterMs?: number | undefined;
  /** Whatever else is sent there now would fail as well. */
  readonly isReceiverDown: boolean;
}

/** Where the console shows more of an event. */
export type UrlOfAlert = (event: Delivery["event"]) => string;

/** Sends once. Never rejects: what goes wrong is an outcome. */
export type SendAlert = (delivery: Delivery, signal: AbortSignal) => Promise<DeliveryOutcome>;
