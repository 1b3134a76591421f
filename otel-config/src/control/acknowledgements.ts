import { isFields } from "./section-fields.ts";

/**
 * How it becomes known which process keeps to which version of its policy. Processes tell their collector
 * (`POST /v1/control/acknowledgements`), collectors tell the console in batches. Times are durations: clocks of
 * several machines meet here.
 */
export interface Acknowledgement extends ProcessIdentity {
  /** Of the policy that holds in the process. */
  readonly version: number;
  /** Milliseconds since it holds, when this is sent. */
  readonly heldMs: number;
  /** Milliseconds since the process started, when this is sent. */
  readonly runningMs: number;
}

export interface ProcessIdentity {
  /** Of one start of one process; random. */
  readonly instanceId: string;
  /** OTel's service.name. */
  readonly serviceName: string;
}

/** `guard`: acknowledges what it applied. `poller`: some other program that asks for the policy and gets it. */
export const PROCESS_KINDS = ["guard", "poller"] as const;
export type ProcessKind = (typeof PROCESS_KINDS)[number];

/** A process as its collector knows it. */
export interface ProcessReport extends Acknowledgement {
  readonly projectId: string;
  readonly kind: ProcessKind;
  /** It has a stream open, or has asked lately. */
  readonly isConnected: boolean;
}

export interface AcknowledgementBatch {
  /** Of one start of one collector; random. */
  readonly collectorId: string;
  /** What this collector reported before no longer counts: all that it knows is here and in the batches that follow. */
  readonly replacesEarlier: boolean;
  readonly processes: readonly ProcessReport[];
}

/** A collector sends more in several batches: with ordinary names this is 250 kB, and servers take 512 kB. */
export const PROCESSES_PER_BATCH_MAX = 1_000;

/** How the processes say who they are when they open a stream; the name percent-encoded. */
export const INSTANCE_ID_HEADER = "lensai-instance-id";
export const SERVICE_NAME_HEADER = "lensai-service-name";

const INSTANCE_ID = /^[\w:.-]{1,64}$/;
const SERVICE_NAME_CHARACTERS_MAX = 255;

/** Parses what a process sends; throws TypeError naming the first field that is wrong. */
export function parseAcknowledgement(value: unknown): Acknowledgement {
  if (!isFields(value)) throw new TypeError("the acknowledgement is not an object");
  return {
    instanceId: instanceIdOf(value["instanceId"]),
    serviceName: serviceNameOf(value["serviceName"]),
    version: wholeOf(value, "version"),
    heldMs: durationOf(value, "heldMs"),
    runningMs: durationOf(value, "runningMs"),
  };
}

/** Parses what a collector sends; throws TypeError naming the first field that is wrong. */
export function parseAcknowledgementBatch(value: unknown): AcknowledgementBatch {
  if (!isFields(value)) throw new TypeError("the batch is not an object");
  const { collectorId, replacesEarlier, processes } = value;
  if (typeof replacesEarlier !== "boolean")
    throw new TypeError("replacesEarlier is not true or false");
  if (!Array.isArray(processes) || processes.length > PROCESSES_PER_BATCH_MAX)
    throw new TypeError(`processes is not a list of at most ${PROCESSES_PER_BATCH_MAX}`);
  return {
    collectorId: instanceIdOf(collectorId),
    replacesEarlier,
    processes: processes.map(parseProcessReport),
  };
}

function parseProcessReport(value: unknown): ProcessReport {
  if (!isFields(value)) throw new TypeError("a process is not an object");
  const { projectId, kind, isConnected } = value;
  const known = PROCESS_KINDS.find((each) => each === kind);
  if (typeof projectId !== "string") throw new TypeError("projectId is not a text");
  if (known === undefined) throw new TypeError(`kind is not one of ${PROCESS_KINDS.join(", ")}`);
  if (typeof isConnected !== "boolean") throw new TypeError("isConnected is not true or false");
  return { ...parseAcknowledgement(value), projectId, kind: known, isConnected };
}

/** Throws TypeError for what is no id of an instance. */
export function instanceIdOf(value: unknown): string {
  if (typeof value === "string" && INSTANCE_ID.test(value)) return value;
  throw new TypeError("instanceId is not 1 to 64 letters, digits and any of _:.-");
}

/** Whatever a process is called, in a length that can be shown. */
export function serviceNameOf(value: unknown): string {
  return typeof value === "string" && value !== ""
    ? value.slice(0, SERVICE_NAME_CHARACTERS_MAX)
    : "unknown_service";
}

function wholeOf(fields: Readonly<Record<string, unknown>>, name: string): number {
  const value = fields[name];
  if (Number.isSafeInteger(value) && (value as number) >= 0) return value as number;
  throw new TypeError(`${name} is not a whole number`);
}

function durationOf(fields: Readonly<Record<string, unknown>>, name: string): number {
  const value = fields[name];
  if (typeof value === "number" && value >= 0 && value < Number.MAX_SAFE_INTEGER) return value;
  throw new TypeError(`${name} is not a number of milliseconds`);
}
