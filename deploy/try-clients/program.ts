import type { ReceiverPorts } from "../conformance/replay.ts";

/** A program that is configured with one of the ready files, and made to report one call of a model. */
export interface Program {
  readonly name: string;
  /** The ready file. */
  readonly file: string;
  /** Installs or builds it in `folder`, once; resolves with its version. */
  prepare(folder: string): Promise<string>;
  /** Runs it until it has sent. */
  run(folder: string, ports: ReceiverPorts): Promise<void>;
}
