import {
  flagOf,
  isFields,
  nanoUsdOf,
  oneOf,
  optionalNanoUsdOf,
  optionalTextOf,
  refuse,
  sectionOf,
  textOf,
  timeOf,
  wholeOf,
} from "./section-fields.ts";
import type { SectionEntry } from "./section-fields.ts";

/**
 * Leases: how a process gets the right to spend a part of a budget, and says what it has spent. A lease is a
 * register that the process and the ledger both keep, and every message has all of it: amounts count from the
 * beginning of the lease, so that a message that is lost, comes twice or comes late does no harm. Only the ledger
 * raises `grantedNanoUsd`, and only the process lowers it. Times are durations, since the clocks of two machines meet.
 *
 * `POST /v1/leases` takes one `LeaseRequest`; what waits at a collector goes on to the console as `LeaseBatch`.
 */
export interface LeaseRequest {
  /** Of one start of one process; random. */
  readonly instanceId: string;
  /** Grows with every request of the instance. The ledger passes over what is older than what it has seen. */
  readonly sequence: number;
  readonly leases: readonly LeaseReport[];
}

/** One lease as its process has it. Amounts are nano-USD in digits. */
export interface LeaseReport {
  /** Made up by the process: the instance's id and a number. */
  readonly leaseId: string;
  readonly budgetId: string;
  /** Of the attribute that the budget is kept for each value of; absent when it is for all together. */
  readonly value?: string;
  /** ISO 8601, UTC: names the period, as in the policy. */
  readonly periodStartsAt: string;
  /** What the process counts on having been granted in all; what it gives back is taken off. */
  readonly grantedNanoUsd: string;
  /** By calls that have ended. */
  readonly spentNanoUsd: string;
  /** Held by calls that run. */
  readonly reservedNanoUsd: string;
  /** What it comes to beyond `spentNanoUsd` if nothing is heard of the process any more: its own expectation. */
  readonly incurredNanoUsd: string;
  /** What ended calls may have cost beyond `spentNanoUsd`: nobody has counted them. */
  readonly uncertainNanoUsd: string;
  /** Beyond what is spent and reserved, for the call at hand; 0 when none waits. */
  readonly needNanoUsd: string;
  /** What the call at hand needs at least, made as small as it can be. Absent: all of it. */
  readonly leastNanoUsd?: string;
  /** What the process would like to have ahead, beyond what is spent and reserved. */
  readonly wantNanoUsd: string;
  /** Nothing runs and nothing will be asked for any more. */
  readonly isFinal: boolean;
}

export const LEASE_STATES = ["granted", "exhausted", "refused"] as const;

/**
 * `granted`: all that was wanted, or a part of it; `exhausted`: nothing more is left; `refused`: there is no such
 * budget in the project, or its period is not now.
 */
export type LeaseState = (typeof LEASE_STATES)[number];

/** One lease as the ledger has it after a request. */
export interface LeaseGrant {
  readonly leaseId: string;
  readonly state: LeaseState;
  /** In all. */
  readonly grantedNanoUsd: string;
  /** How much the process may keep beyond what is spent and reserved. The rest is to be given back. */
  readonly keepNanoUsd: string;
  /** From when the request was sent: nothing may be admitted with the lease afterwards, unless it was renewed. */
  readonly ttlMs: number;
  /** When it makes sense to ask for more. */
  readonly retryAfterMs: number;
  /** Of the whole budget: neither spent nor lent to any process. Absent from a console of an earlier version. */
  readonly freeNanoUsd?: string;
  /** Lent to other processes and not spent by them: it may come back. Absent as well. */
  readonly lentNanoUsd?: string;
}

export interface LeaseAnswer {
  readonly leases: readonly LeaseGrant[];
  /** Milliseconds since the epoch by the ledger's clock, by which periods begin and end. */
  readonly nowUnixMs: number;
}

/** What a collector asks the console at once. */
export interface LeaseBatch {
  readonly requests: readonly ProjectLeaseRequest[];
}

/** A request and the project of the key that it came with. */
export interface ProjectLeaseRequest extends LeaseRequest {
  readonly projectId: string;
}

/** In the order of the requests. */
export interface LeaseBatchAnswer {
  readonly answers: readonly LeaseAnswer[];
}

/** A process with more budgets and values than this asks in several requests. */
export const LEASES_PER_REQUEST_MAX = 256;
export const LEASE_REQUESTS_PER_BATCH_MAX = 256;

const ID = /^[\w.-]{8,64}$/;

const LEDGER_VALUE_CHARACTERS_MAX = 512;

/**
 * A value of an attribute as ledgers are named by it: databases keep no NUL, and no index has room for texts of
 * any length. Values that are the same here share a ledger.
 */
export function ledgerValueOf(value: string): string {
  return value.replaceAll("\0", "").slice(0, LEDGER_VALUE_CHARACTERS_MAX);
}

/** Throws TypeError naming the first field that is wrong. */
export function parseLeaseRequest(value: unknown): LeaseRequest {
  if (!isFields(value)) refuse("the lease request is not an object");
  return leaseRequestOf({ fields: value, at: "request" });
}

/** Throws TypeError naming the first field that is wrong. */
export function parseLeaseBatch(value: unknown): LeaseBatch {
  if (!isFields(value)) refuse("the batch of lease requests is not an object");
  const requests = sectionOf(value["requests"], "requests", (entry) => ({
    ...leaseRequestOf(entry),
    projectId: textOf(entry, "projectId"),
  }));
  if (requests.length > LEASE_REQUESTS_PER_BATCH_MAX)
    refuse(`requests has more than ${LEASE_REQUESTS_PER_BATCH_MAX} entries`);
  return { requests };
}

/** Throws TypeError naming the first field that is wrong. */
export function parseLeaseAnswer(value: unknown): LeaseAnswer {
  if (!isFields(value)) refuse("the lease answer is not an object");
  return leaseAnswerOf({ fields: value, at: "answer" });
}

/** Throws TypeError naming the first field that is wrong. */
export function parseLeaseBatchAnswer(value: unknown): LeaseBatchAnswer {
  if (!isFields(value)) refuse("the answer to a batch of lease requests is not an object");
  return { answers: sectionOf(value["answers"], "answers", leaseAnswerOf) };
}

function leaseRequestOf(entry: SectionEntry): LeaseRequest {
  const leases = sectionOf(entry.fields["leases"], `${entry.at}.leases`, leaseReportOf);
  if (leases.length > LEASES_PER_REQUEST_MAX)
    refuse(`${entry.at}.leases has more than ${LEASES_PER_REQUEST_MAX} entries`);
  return { instanceId: idOf(entry, "instanceId"), sequence: wholeOf(entry, "sequence"), leases };
}

function leaseReportOf(entry: SectionEntry): LeaseReport {
  const value = optionalTextOf(entry, "value");
  if (value !== undefined && value !== ledgerValueOf(value))
    refuse(`${entry.at}.value has NUL, or more than ${LEDGER_VALUE_CHARACTERS_MAX} characters`);
  return {
    leaseId: idOf(entry, "leaseId"),
    budgetId: textOf(entry, "budgetId"),
    ...(value !== undefined && { value }),
    periodStartsAt: timeOf(entry, "periodStartsAt"),
    grantedNanoUsd: nanoUsdOf(entry, "grantedNanoUsd"),
    spentNanoUsd: nanoUsdOf(entry, "spentNanoUsd"),
    reservedNanoUsd: nanoUsdOf(entry, "reservedNanoUsd"),
    incurredNanoUsd: nanoUsdOf(entry, "incurredNanoUsd"),
    uncertainNanoUsd: nanoUsdOf(entry, "uncertainNanoUsd"),
    needNanoUsd: nanoUsdOf(entry, "needNanoUsd"),
    ...optionalNanoUsdOf(entry, "leastNanoUsd"),
    wantNanoUsd: nanoUsdOf(entry, "wantNanoUsd"),
    isFinal: flagOf(entry, "isFinal"),
  };
}

function leaseAnswerOf(entry: SectionEntry): LeaseAnswer {
  return {
    leases: sectionOf(entry.fields["leases"], `${entry.at}.leases`, leaseGrantOf),
    nowUnixMs: wholeOf(entry, "nowUnixMs"),
  };
}

function leaseGrantOf(entry: SectionEntry): LeaseGrant {
  return {
    leaseId: idOf(entry, "leaseId"),
    state: oneOf(entry, "state", LEASE_STATES),
    grantedNanoUsd: nanoUsdOf(entry, "grantedNanoUsd"),
    keepNanoUsd: nanoUsdOf(entry, "keepNanoUsd"),
    ttlMs: wholeOf(entry, "ttlMs"),
    retryAfterMs: wholeOf(entry, "retryAfterMs"),
    ...optionalNanoUsdOf(entry, "freeNanoUsd"),
    ...optionalNanoUsdOf(entry, "lentNanoUsd"),
  };
}

function idOf(entry: SectionEntry, name: string): string {
  const id = textOf(entry, name);
  return ID.test(id)
    ? id
    : refuse(`${entry.at}.${name} is not an id of 8 to 64 letters, digits, "_", "-" and "."`);
}
