import type { ControlSnapshot } from "@lensai/otel-config/control/snapshot";
import { Authenticator } from "./admission/authenticate.ts";
import { ByteBudget } from "./admission/byte-budget.ts";
import { RateLimiter } from "./admission/rate-limit.ts";
import { ReplayGuard } from "./admission/replay-guard.ts";
import { startAll, stopAll } from "./component.ts";
import type { Component } from "./component.ts";
import type { CollectorConfig } from "./config.ts";
import { KeyUses } from "./control/key-uses.ts";
import { LeaseRelay } from "./control/lease-relay.ts";
import type { PriceOverrides } from "./control/policy-answers.ts";
import { ControlPlane } from "./control/control-plane.ts";
import { nodeDisk } from "./landing/disk.ts";
import type { Log } from "./log.ts";
import type { Ingest } from "./pipeline/ingest.ts";
import type { ReceiverParts, Storage } from "./receiver/accept-export.ts";
import { createHttpServer } from "./receiver/http-server.ts";
import { allowedHosts } from "./receiver/host-check.ts";
import type { Readiness } from "./receiver/health.ts";
import { grpcListener, httpListener } from "./receiver/listeners.ts";
import type { Listener } from "./receiver/listeners.ts";
import { Gate } from "./receiver/gate.ts";
import { POOLED_INFLATES_MAX } from "./receiver/limits.ts";
import { LoopTurns } from "./receiver/loop-turns.ts";
import { createGrpcServer } from "./receiver/otlp-grpc.ts";
import { Telemetry } from "./telemetry.ts";

/** What lies behind the receiver: decoding, durability, landing. */
export interface Pipeline extends Component, Ingest, Readiness, Storage {
  /** Counters of its own, as plain JSON. */
  stats(): unknown;
}

export interface CollectorDeps {
  readonly pipeline: Pipeline;
  readonly nowMs: () => number;
  readonly log: Log;
  /** Processes keep to these prices as well. */
  readonly priceOverrides?: PriceOverrides;
}

export interface Collector {
  /** Real ports, once started. */
  readonly httpPort: number;
  readonly grpcPort: number;
  start(): Promise<void>;
  /** Refuses new requests, finishes those in flight, lands what is durable. Safe to call twice. */
  stop(): Promise<void>;
}

/** Wires a collector; nothing runs before `start`. */
export function createCollector(config: CollectorConfig, deps: CollectorDeps): Collector {
  const { pipeline, nowMs, log, priceOverrides } = deps;
  const control = createControl(config, deps);
  const leaseRelay = new LeaseRelay(config.control);
  const keyUses = new KeyUses(config.control, { nowMs, log });
  const replayGuard = new ReplayGuard({ disk: nodeDisk, dataDir: config.dataDir, nowMs });
  const telemetry = new Telemetry();
  let isDraining = false;
  const parts: ReceiverParts = {
    ingest: pipeline,
    storage: pipeline,
    authenticator: new Authenticator({
      control: () => control.keeper.current(),
      keylessIsAllowed: config.keylessIsAllowed,
      nowMs,
      onKeyUse: (keyId) => keyUses.note(keyId),
    }),
    replayGuard,
    rateLimiter: new RateLimiter(config.rateLimits),
    budget: new ByteBudget(config.inFlightBytesMax),
    turns: new LoopTurns(
      () => performance.now(),
      () => pipeline.hasRoom(),
    ),
    inflates: new Gate(POOLED_INFLATES_MAX),
    telemetry,
    nowMs,
    sizeBytesMax: config.bodyBytesMax,
    bodyTimeoutMs: config.bodyTimeoutMs,
    isDraining: () => isDraining,
  };
  const onInternalError = (error: unknown): void => log.failure("request failed", error);
  const stats = (): unknown => ({
    receiver: telemetry.stats(),
    bytesInFlight: parts.budget.inUseBytes,
    control: control.stats(),
    pipeline: pipeline.stats(),
  });
  const httpServer = createHttpServer({
    ...parts,
    control: () => control.keeper.current(),
    controlAgeMs: () => control.keeper.stalenessMs(),
    policyStreams: control.policyStreams,
    register: control.register,
    priceOverrides,
    leaseRelay,
    corsOrigins: new Set(config.corsOrigins),
    hosts: allowedHosts([config.bindAddress, ...config.allowedHosts]),
    onInternalError,
    readiness: pipeline,
    stats,
    controlToken: config.control.token,
  });
  const http = httpListener(httpServer, { host: config.bindAddress, port: config.httpPort });
  const grpcServer = createGrpcServer({ ...parts, onInternalError });
  const grpc = grpcListener(grpcServer, { host: config.bindAddress, port: config.grpcPort });
  const components = { control, leaseRelay, keyUses, pipeline, replayGuard, http, grpc };
  return collectorOf(components, () => (isDraining = true));
}

/** Prices come with snapshots, and go out with policies. */
function createControl(config: CollectorConfig, deps: CollectorDeps): ControlPlane {
  const { nowMs, log, priceOverrides } = deps;
  const onSnapshot = (snapshot: ControlSnapshot | undefined): void =>
    priceOverrides?.useConsole(snapshot?.prices);
  const control = new ControlPlane(config, { nowMs, log, onSnapshot });
  priceOverrides?.onChange(() => control.policyStreams.publish());
  return control;
}

interface CollectorComponents {
  readonly control: ControlPlane;
  readonly leaseRelay: Component;
  readonly keyUses: Component;
  readonly pipeline: Component;
  readonly replayGuard: Component;
  readonly http: Listener;
  readonly grpc: Listener;
}

function collectorOf(components: CollectorComponents, drain: () => void): Collector {
  const { control, leaseRelay, keyUses, pipeline, replayGuard, http, grpc } = components;
  let stopping: Promise<void> | undefined;
  return {
    get httpPort() {
      return http.port;
    },
    get grpcPort() {
      return grpc.port;
    },
    start: () => startAll([control, leaseRelay, keyUses, pipeline, replayGuard, grpc, http]),
    stop() {
      drain();
      stopping ??= stopListenersFirst(components);
      return stopping;
    },
  };
}

/** Both ports drain at the same time: each may take as long as its slowest request, and streams never end. */
async function stopListenersFirst(components: CollectorComponents): Promise<void> {
  const { control, leaseRelay, keyUses, pipeline, replayGuard, http, grpc } = components;
  await control.endStreams();
  await Promise.all([http.stop(), grpc.stop()]);
  await stopAll([control, leaseRelay, keyUses, pipeline, replayGuard]);
}
