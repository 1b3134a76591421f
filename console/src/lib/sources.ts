import type { ClientLoss } from "@lensai/analytics/queries/client-losses";
import type { IngestOutcome } from "@lensai/analytics/queries/ingest-outcomes";
import type { PossibleRepeats } from "@lensai/analytics/queries/possible-repeats";
import type { Producer } from "@lensai/analytics/queries/producer";
import type {
  OtherProducers,
  ProducerFigures,
  SentFigures,
} from "@lensai/analytics/queries/producer-figures";
import type { ProducerFinding } from "@lensai/analytics/queries/producer-findings";
import type {
  OtherUnpricedModels,
  UnpricedCalls,
  UnpricedModel,
} from "@lensai/analytics/queries/unpriced-models";
import { usageRuleAdvice, usageRuleWords } from "@lensai/otel-config/explain/usage-words";
import { divideHalfUp } from "@lensai/otel-config/money";
import { ruleLabel } from "./arithmetic-words.ts";
import { formatCounted } from "./format/count.ts";
import { formatMoney } from "./format/money.ts";

/** What the lake knows about who sent what, in a time range. */
export interface SourcesAnswer {
  readonly figures: readonly ProducerFigures[];
  /** All producers that have no line of their own; undefined when there are none. */
  readonly otherProducers: OtherProducers | undefined;
  readonly findings: readonly ProducerFinding[];
  readonly repeats: readonly PossibleRepeats[];
  readonly unpriced: readonly UnpricedModel[];
  readonly otherUnpriced: OtherUnpricedModels | undefined;
  readonly outcomes: readonly IngestOutcome[];
  readonly losses: readonly ClientLoss[];
}

/** How much of a project's spend is known, and how well. */
export interface Coverage {
  readonly billedCalls: number;
  readonly reportedCalls: number;
  readonly estimatedCalls: number;
  readonly missingCalls: number;
  readonly pricedCalls: number;
  readonly costNanoUsd: bigint;
  readonly estimatedNanoUsd: bigint;
  /** Records that repeat or sum up billed calls, and what counting them would have added. */
  readonly notBilledRecords: number;
  readonly notBilledNanoUsd: bigint;
  /** Billed calls that may be the same as another service's billed calls, and what they cost. */
  readonly possibleRepeats: number;
  readonly possibleRepeatsNanoUsd: bigint;
  /** Calls without a cost at what the project's priced ones cost on average; undefined when none is priced. */
  readonly atStakeNanoUsd: bigint | undefined;
  readonly rejectedRecords: number;
  readonly duplicateRecords: number;
  /** Undefined: no client reports what it drops. */
  readonly droppedRecords: number | undefined;
}

export function coverageOf(answer: SourcesAnswer): Coverage {
  const { outcomes, losses, repeats } = answer;
  const figures = figuresOfAll(answer);
  const count = (of: (figure: SentFigures) => number): number =>
    figures.reduce((sum, figure) => sum + of(figure), 0);
  const amount = (of: (figure: SentFigures) => bigint): bigint =>
    figures.reduce((sum, figure) => sum + of(figure), 0n);
  const missingCalls = count((figure) => figure.missingCalls);
  return {
    billedCalls: count((figure) => figure.billedCalls),
    reportedCalls: count((figure) => figure.reportedCalls),
    estimatedCalls: count((figure) => figure.estimatedCalls),
    missingCalls,
    pricedCalls: count((figure) => figure.pricedCalls),
    costNanoUsd: amount((figure) => figure.costNanoUsd),
    estimatedNanoUsd: amount((figure) => figure.estimatedNanoUsd),
    notBilledRecords: count((figure) => figure.repeatedRecords + figure.aggregateRecords),
    notBilledNanoUsd: amount((figure) => figure.notBilledNanoUsd),
    possibleRepeats: repeats.reduce((sum, { calls }) => sum + calls, 0),
    possibleRepeatsNanoUsd: repeats.reduce((sum, { costNanoUsd }) => sum + costNanoUsd, 0n),
    atStakeNanoUsd: atStake(answer, missingCalls),
    rejectedRecords: recordsOf(outcomes, "rejected"),
    duplicateRecords: recordsOf(outcomes, "duplicate"),
    droppedRecords: losses.length === 0 ? undefined : lostRecords(losses),
  };
}

type Sent = Pick<SourcesAnswer, "figures" | "otherProducers">;

const figuresOfAll = ({ figures, otherProducers }: Sent): readonly SentFigures[] =>
  otherProducers === undefined ? figures : [...figures, otherProducers];

const lostRecords = (losses: readonly ClientLoss[]): number =>
  losses.reduce((sum, loss) => sum + (loss.errorType === undefined ? 0 : loss.records), 0);

/** What a token, and a call, of the project's priced calls costs on average. */
export interface AverageCost {
  readonly costNanoUsd: bigint;
  readonly tokens: bigint;
  readonly calls: bigint;
}

export function averageCost(sent: Sent): AverageCost {
  const figures = figuresOfAll(sent);
  return {
    costNanoUsd: figures.reduce((sum, figure) => sum + figure.costNanoUsd, 0n),
    tokens: figures.reduce((sum, figure) => sum + figure.pricedTokens, 0n),
    calls: BigInt(figures.reduce((sum, figure) => sum + figure.pricedCalls, 0)),
  };
}

/** The tokens at the average price of a token; undefined when nothing is priced. */
export function modelAtStake(model: UnpricedCalls, average: AverageCost): bigint | undefined {
  const { costNanoUsd, tokens } = average;
  if (tokens === 0n) return undefined;
  return divideHalfUp((model.inputTokens + model.outputTokens) * costNanoUsd, tokens);
}

function atStake(answer: SourcesAnswer, missingCalls: number): bigint | undefined {
  const average = averageCost(answer);
  const { calls, costNanoUsd } = average;
  if (calls === 0n) return undefined;
  const ofMissing = divideHalfUp(BigInt(missingCalls) * costNanoUsd, calls);
  const { unpriced, otherUnpriced } = answer;
  const models = otherUnpriced === undefined ? unpriced : [...unpriced, otherUnpriced];
  const ofModels = models.map((model) => modelAtStake(model, average) ?? 0n);
  return ofModels.reduce((sum, one) => sum + one, ofMissing);
}

export interface ProducerLine extends ProducerFigures {
  readonly id: string;
  readonly rejectedRecords: number;
  readonly duplicateRecords: number;
  readonly possibleRepeats: number;
  readonly possibleRepeatsNanoUsd: bigint;
  /** Its counts are not the provider's, or are missing, for a reason that is known and can be mended. */
  readonly isKnownBad: boolean;
  /** What is not as it should be, most records first. */
  readonly notes: readonly string[];
}

/** One line per producer; one that had every record refused has a line too. */
export function producerLines(answer: SourcesAnswer): ProducerLine[] {
  const { figures, outcomes } = answer;
  const ofOne = answer.findings.filter(({ others }) => others === undefined);
  const findings = Map.groupBy(ofOne, (finding) => producerId(finding));
  const repeats = Map.groupBy(answer.repeats, (repeat) => producerId(repeat));
  const taken = new Set<IngestOutcome>();
  const lines = figures.map((figure) => {
    const own = outcomes.filter((outcome) => isOf(outcome, figure) && !taken.has(outcome));
    for (const outcome of own) taken.add(outcome);
    const id = producerId(figure);
    return lineOf(
      figure,
      { findings: findings.get(id) ?? [], repeats: repeats.get(id) ?? [] },
      own,
    );
  });
  const rest = outcomes.filter(
    (one) => !taken.has(one) && one.outcome === "rejected" && one.others === undefined,
  );
  const groups = Map.groupBy(rest, ({ serviceName, scopeName }) => `${serviceName} ${scopeName}`);
  return [...lines, ...Array.from(groups.values(), (group) => refusedLine(group))];
}

function isOf(outcome: IngestOutcome, producer: Producer): boolean {
  if (outcome.others !== undefined) return false;
  return outcome.serviceName === producer.serviceName && outcome.scopeName === producer.scopeName;
}

function lineOf(
  figure: ProducerFigures,
  { findings, repeats }: Pick<SourcesAnswer, "findings" | "repeats">,
  outcomes: readonly IngestOutcome[],
): ProducerLine {
  const { aggregateRecords } = figure;
  const sums = aggregateRecords === 0 ? [] : [`${formatCounted(aggregateRecords, "sum")} of calls`];
  return {
    ...figure,
    id: producerId(figure),
    rejectedRecords: recordsOf(outcomes, "rejected"),
    duplicateRecords: recordsOf(outcomes, "duplicate"),
    possibleRepeats: repeats.reduce((sum, { calls }) => sum + calls, 0),
    possibleRepeatsNanoUsd: repeats.reduce((sum, { costNanoUsd }) => sum + costNanoUsd, 0n),
    isKnownBad: findings.some((finding) => isKnownBad(finding)),
    notes: [
      ...repeats.map((repeat) => repeatNote(repeat)),
      ...findings.map((finding) => findingNote(finding)),
      ...sums,
      ...outcomes.map((outcome) => outcomeNote(outcome)),
    ],
  };
}

function refusedLine(outcomes: readonly IngestOutcome[]): ProducerLine {
  const nothing = {
    records: 0,
    calls: 0,
    billedCalls: 0,
    failedCalls: 0,
    repeatedRecords: 0,
    aggregateRecords: 0,
    notBilledNanoUsd: 0n,
    reportedCalls: 0,
    estimatedCalls: 0,
    missingCalls: 0,
    pricedCalls: 0,
    costNanoUsd: 0n,
    estimatedNanoUsd: 0n,
    pricedTokens: 0n,
    firstUnixMs: 0,
    lastUnixMs: 0,
  };
  const { serviceName, scopeName } = outcomes[0] as IngestOutcome;
  const producer = { serviceName, scopeName, scopeVersion: undefined, dialect: undefined };
  return lineOf({ ...producer, ...nothing }, { findings: [], repeats: [] }, outcomes);
}

function recordsOf(outcomes: readonly IngestOutcome[], kind: IngestOutcome["outcome"]): number {
  return outcomes.reduce((sum, one) => sum + (one.outcome === kind ? one.records : 0), 0);
}

/** Stands for the producer among others of the same answer. */
function producerId({ serviceName, scopeName, scopeVersion, dialect }: Producer): string {
  return JSON.stringify([serviceName, scopeName, scopeVersion, dialect]);
}

/** A producer that is known to send guesses or parts of counts, or that drops the usage of streams. */
function isKnownBad({ kind, rule }: ProducerFinding): boolean {
  if (kind === "repeated" || rule === undefined) return false;
  return rule === "stream-without-usage" || (kind === "estimated" && hasAdvice(rule));
}

const hasAdvice = (rule: string): boolean => usageRuleAdvice(rule) !== undefined;

function findingNote({ kind, rule, records }: ProducerFinding): string {
  if (kind === "repeated") return `${formatCounted(records, "repeat")}: ${ruleLabel(rule)}`;
  if (kind === "unread")
    return `${formatCounted(records, "record")} with unread counts: no call is known to be theirs`;
  const calls = formatCounted(records, "call");
  const words = rule === undefined ? undefined : usageRuleWords(rule);
  const why = words === undefined ? "" : `: ${words}`;
  return kind === "missing" ? `${calls} without usage${why}` : `${calls} estimated${why}`;
}

function repeatNote({ calls, callerServiceName, costNanoUsd }: PossibleRepeats): string {
  const caller = callerServiceName ?? "a service without a name";
  const amount = formatMoney(costNanoUsd);
  return `${formatCounted(calls, "call")} possibly the same as those of ${caller}: ${amount} billed twice if so`;
}

function outcomeNote({ outcome, reason, records }: IngestOutcome): string {
  const why = reason === undefined ? "" : `: ${reason.replaceAll("_", " ")}`;
  return `${formatCounted(records, "record")} ${outcome}${why}`;
}
