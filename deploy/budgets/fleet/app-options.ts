import type { TokenPrices } from "../provider/provider-log.ts";
import type { GateName } from "../schemes/spend-gate.ts";

/** What one process of the fleet is told at its start; JSON in FLEET_APP. */
export interface AppOptions {
  readonly seed: string;
  /** Its name, and how often it was started before. */
  readonly process: string;
  readonly callers: number;
  readonly timeScale: number;
  /** Of a caller, between two calls: on average. */
  readonly pauseMs: number;
}

/** What it is to do until it is told to stop. */
export interface AppRun {
  readonly providerUrl: string;
  /** What holds it to the budget; undefined: the instrumentation, which it does not know of. */
  readonly gate: AppGate | undefined;
}

export interface AppGate {
  readonly scheme: GateName;
  readonly counterUrl: string;
  readonly limitNanoUsd: bigint;
}

export type AppCommand =
  | { readonly command: "go"; readonly run: AppRun }
  | { readonly command: "change-prices"; readonly prices: TokenPrices }
  /** Calls that run come to their end; answered by `stopped`. */
  | { readonly command: "stop" }
  | { readonly command: "end" };

/** A call that was refused, or whose stream was cut off, at a time of the machine's monotonic clock. */
export interface RefusedCall {
  readonly kind: "refused";
  readonly process: string;
  readonly callId: string;
  readonly atMs: number;
  readonly isStream: boolean;
  readonly isCutOff: boolean;
  readonly reason: string;
}

export type AppReport =
  | { readonly kind: "ready" }
  | { readonly kind: "stopped" }
  | RefusedCall
  /** A call that failed otherwise: the provider broke off, or refused more often than the SDK tries. */
  | { readonly kind: "failed"; readonly process: string; readonly reason: string };
