import { readFileSync, statSync } from "node:fs";
import { parseControlPolicy } from "@lensai/otel-config/control/policy";
import type { ControlPolicy } from "@lensai/otel-config/control/policy";

/** How soon a change of the file reaches the calls. Asked by time, because editors replace files and mounts swap them. */
const LOOK_INTERVAL_MS = 1_000;
/** A larger file is not a policy; reading it would hold up the process. */
const FILE_BYTES_MAX = 16 * 1024 * 1024;

export interface PolicySourceOptions {
  readonly onPolicy: (policy: ControlPolicy) => void;
  /** A sentence about what is wrong, once per problem. */
  readonly onProblem: (sentence: string) => void;
}

/**
 * A policy in a file. It is read before `start` returns, so that the first call is decided about, and again
 * whenever it changes. A file that cannot be used is reported and changes nothing: the last good one holds.
 */
export class PolicyFile {
  readonly #path: string;
  readonly #options: PolicySourceOptions;
  #seen: string | undefined;
  #problem: string | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(path: string, options: PolicySourceOptions) {
    this.#path = path;
    this.#options = options;
  }

  start(intervalMs: number = LOOK_INTERVAL_MS): void {
    if (this.#timer !== undefined) return;
    this.look();
    this.#timer = setInterval(() => this.look(), intervalMs);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** Reads the file if it has changed since it was looked at. */
  look(): void {
    try {
      const { mtimeMs, size, ino } = statSync(this.#path);
      const state = `${mtimeMs} ${size} ${ino}`;
      if (state === this.#seen) return;
      this.#seen = state;
      const policy = readPolicyFile(this.#path);
      this.#problem = undefined;
      this.#options.onPolicy(policy);
    } catch (error) {
      this.#report(error instanceof Error ? error.message : String(error));
    }
  }

  #report(problem: string): void {
    if (problem === this.#problem) return;
    this.#problem = problem;
    this.#options.onProblem(
      `the policy file ${this.#path} cannot be used, and what held before still holds: ${problem}`,
    );
  }
}

/** Throws with what is wrong: a file that is not there or too large, no JSON, or the first wrong field. */
export function readPolicyFile(path: string): ControlPolicy {
  if (statSync(path).size > FILE_BYTES_MAX) {
    throw new RangeError(`it has more than ${FILE_BYTES_MAX} bytes`);
  }
  return parseControlPolicy(JSON.parse(readFileSync(path, "utf8")));
}
