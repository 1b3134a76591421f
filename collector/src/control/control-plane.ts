import type { ControlSnapshot } from "@lensai/otel-config/control/snapshot";
import { startAll, stopAll } from "../component.ts";
import type { Component } from "../component.ts";
import type { CollectorConfig } from "../config.ts";
import type { Log } from "../log.ts";
import { PolicyStreams } from "./policy-streams.ts";
import { ProcessRegister } from "./process-register.ts";
import { ProcessReporter } from "./process-reporter.ts";
import { SnapshotKeeper } from "./snapshot-keeper.ts";
import { SnapshotLink } from "./snapshot-link.ts";

export interface ControlPlaneDeps {
  readonly nowMs: () => number;
  readonly log: Log;
  /** Told of every snapshot that is taken, and of the copy that an earlier run has kept. */
  readonly onSnapshot: (snapshot: ControlSnapshot | undefined) => void;
}

/** What a collector knows from the console, tells the processes, and tells the console of them. */
export class ControlPlane implements Component {
  readonly name = "control";
  readonly keeper: SnapshotKeeper;
  readonly policyStreams: PolicyStreams;
  readonly register: ProcessRegister;
  private readonly link: SnapshotLink;
  private readonly reporter: ProcessReporter;

  constructor(config: CollectorConfig, { nowMs, log, onSnapshot }: ControlPlaneDeps) {
    const { dataDir, bootstrapKey, content, control } = config;
    this.policyStreams = new PolicyStreams(() => this.keeper.stalenessMs());
    this.keeper = new SnapshotKeeper({
      dataDir,
      publicKey: control.publicKey,
      builtIn: { bootstrapKey, content },
      nowMs,
      onChange: () => {
        this.policyStreams.publish();
        onSnapshot(this.keeper.current().snapshot);
      },
    });
    this.register = new ProcessRegister(nowMs, () => this.reporter.changed());
    this.reporter = new ProcessReporter({ ...control, register: this.register });
    this.link = new SnapshotLink({
      ...control,
      keeper: this.keeper,
      onConnect: () => this.reporter.tellAll(),
      onState: (problem) =>
        problem === undefined
          ? log.info("control snapshot is current again")
          : log.warn(`control snapshot: ${problem}; what is known stays in use`),
    });
  }

  stats(): unknown {
    return {
      version: this.keeper.current().version,
      ageMs: this.keeper.ageMs() ?? null,
      streams: this.policyStreams.size,
      processes: this.register.size,
    };
  }

  start(): Promise<void> {
    return startAll([this.link, this.reporter, this.policyStreams]);
  }

  /** Streams to processes never end by themselves. */
  endStreams(): Promise<void> {
    return this.policyStreams.stop();
  }

  stop(): Promise<void> {
    return stopAll([this.link, this.reporter, this.policyStreams]);
  }
}
