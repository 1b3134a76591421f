import type { ClientLoss } from "@lensai/analytics/queries/client-losses";
import type { IngestOutcome } from "@lensai/analytics/queries/ingest-outcomes";
import type { PossibleRepeats } from "@lensai/analytics/queries/possible-repeats";
import type { ProducerFinding } from "@lensai/analytics/queries/producer-findings";
import { usageRuleAdvice, usageRuleWords } from "@lensai/otel-config/explain/usage-words";
import { formatCounted } from "./format/count.ts";
import { formatMoney } from "./format/money.ts";
import type { SourcesAnswer } from "./sources.ts";

/** Something to mend, and how. */
export interface SourceFix {
  readonly id: string;
  readonly title: string;
  /** Which producers, or which service: those with most records first. */
  readonly where: readonly string[];
  readonly text: string;
  readonly advice: string;
  /** To paste into the app or its environment; undefined where the advice says all. */
  readonly snippet: string | undefined;
  readonly records: number;
}

/** What is worth mending, what concerns most records first. Unknown models have a list of their own. */
export function sourceFixes({ findings, repeats, losses, outcomes }: SourcesAnswer): SourceFix[] {
  const refused = outcomes.filter(({ outcome }) => outcome === "rejected");
  return [
    ...usageFixes(findings),
    ...repeatFixes(repeats),
    ...losses.flatMap((loss) => lossFix(loss) ?? []),
    ...Array.from(
      Map.groupBy(refused, ({ reason }) => reason ?? "no reason given"),
      ([reason, group]) => refusalFix(reason, group),
    ),
  ].sort((a, b) => b.records - a.records);
}

/** One per rule and remedy, however many producers it concerns. */
function usageFixes(findings: readonly ProducerFinding[]): SourceFix[] {
  const mendable = findings.filter(
    ({ kind, rule }) => kind !== "repeated" && usageRuleAdvice(rule ?? "") !== undefined,
  );
  const groups = Map.groupBy(mendable, ({ kind, rule = "", scopeName }) =>
    JSON.stringify([kind, rule, usageSnippet(rule, scopeName)]),
  );
  return Array.from(groups, ([id, group]) => usageFix(id, group));
}

function usageFix(id: string, group: readonly ProducerFinding[]): SourceFix {
  const { kind, rule = "", scopeName } = group[0] as ProducerFinding;
  const records = group.reduce((sum, finding) => sum + finding.records, 0);
  return {
    id,
    title: usageTitle(kind, records),
    where: distinct(group.map((finding) => producerName(finding))),
    text: sentence(usageRuleWords(rule) ?? ""),
    advice: sentence(usageRuleAdvice(rule) ?? ""),
    snippet: usageSnippet(rule, scopeName),
    records,
  };
}

function usageTitle(kind: ProducerFinding["kind"], records: number): string {
  if (kind === "unread") return `${formatCounted(records, "record")} with counts that are not read`;
  const calls = formatCounted(records, "call");
  return kind === "missing"
    ? `${calls} without usage`
    : `${calls} with counts that are not the provider's`;
}

/** One per pair of services. */
function repeatFixes(repeats: readonly PossibleRepeats[]): SourceFix[] {
  const pairs = Map.groupBy(repeats, ({ serviceName, callerServiceName }) =>
    JSON.stringify(["possible repeats", serviceName, callerServiceName]),
  );
  return Array.from(pairs, ([id, group]) => {
    const { serviceName, callerServiceName } = group[0] as PossibleRepeats;
    const calls = group.reduce((sum, repeat) => sum + repeat.calls, 0);
    const amount = group.reduce((sum, repeat) => sum + repeat.costNanoUsd, 0n);
    return {
      id,
      title: `${formatCounted(calls, "call")} possibly billed twice: ${formatMoney(amount)}`,
      where: [whereOf(callerServiceName, undefined), whereOf(serviceName, undefined)],
      text: "Calls of the second service lie inside calls of the first one, with equal counts, in other traces: so it looks when a gateway starts traces of its own. Two services may make equal calls as well, so both are billed.",
      advice:
        "If it is a gateway, pass the trace on to it: spans of one trace, or with one response id, are billed once.",
      snippet: TRACE_CONTEXT,
      records: calls,
    };
  });
}

const TRACE_CONTEXT = `import { context, propagation } from "@opentelemetry/api";

const headers = {};
propagation.inject(context.active(), headers); // traceparent
await client.chat.completions.create(request, { headers });`;

function producerName({ serviceName, scopeName, scopeVersion, others }: ProducerFinding): string {
  if (others !== undefined) return othersName(others);
  const scope = [scopeName, scopeVersion].filter((part) => part !== undefined).join(" ");
  return whereOf(serviceName, scope);
}

const othersName = (others: number): string => formatCounted(others, "other");

/** Producers that differ in their dialect alone have one name. */
const distinct = (names: readonly string[]): string[] => [...new Set(names)];

function whereOf(service: string | undefined, scope: string | undefined): string {
  return [scope, service ?? "a service without a name"].filter((part) => part).join(" · ");
}

function refusalFix(reason: string, group: readonly IngestOutcome[]): SourceFix {
  const records = group.reduce((sum, outcome) => sum + outcome.records, 0);
  return {
    id: JSON.stringify(["rejected", reason]),
    title: `${formatCounted(records, "record")} rejected: ${reason.replaceAll("_", " ")}`,
    where: distinct(
      group.map(({ serviceName, scopeName, others }) =>
        others === undefined ? whereOf(serviceName, scopeName) : othersName(others),
      ),
    ),
    text: "The collector refused them and told the client so; they are in no figure.",
    advice: "The answer to the client, in its log, names the record and what is wrong with it.",
    snippet: undefined,
    records,
  };
}

const STREAM_RULES: ReadonlySet<string> = new Set([
  "stream-without-usage",
  "openlit-stream-estimates",
]);

const JS_STREAM = `const stream = await client.chat.completions.create({
  ...request,
  stream: true,
  stream_options: { include_usage: true },
});`;

const PYTHON_STREAM = `stream = client.chat.completions.create(
    **request,
    stream=True,
    stream_options={"include_usage": True},
)`;

const SNIPPETS: Readonly<Record<string, string>> = {
  "traceloop-openai-js-stream-estimates": `npm uninstall @traceloop/instrumentation-openai
npm install @opentelemetry/instrumentation-openai`,
};

/** Scopes of packages from npm look like "@scope/name" or "openai"; those of Python have dots. */
function usageSnippet(rule: string, scope: string | undefined): string | undefined {
  if (!STREAM_RULES.has(rule)) return SNIPPETS[rule];
  const isPython = scope !== undefined && !scope.startsWith("@") && scope.includes(".");
  return isPython ? PYTHON_STREAM : JS_STREAM;
}

const LARGER_QUEUE = `export OTEL_BSP_MAX_QUEUE_SIZE=8192
export OTEL_BSP_MAX_EXPORT_BATCH_SIZE=512
export OTEL_BSP_SCHEDULE_DELAY=1000`;

function lossFix(loss: ClientLoss): SourceFix | undefined {
  const { serviceName, stage, errorType, records, others } = loss;
  if (errorType === undefined || records === 0) return undefined;
  const isQueue = stage === "processor";
  return {
    id: JSON.stringify(["lost", serviceName, stage, errorType, others]),
    title: isQueue
      ? `${formatCounted(records, "record")} dropped by the app before sending`
      : `${formatCounted(records, "record")} lost in exports that failed`,
    where: [others === undefined ? whereOf(serviceName, undefined) : othersName(others)],
    text: `The app's own SDK reports it: ${errorType}. These calls are in no figure here.`,
    advice: isQueue
      ? "Give the SDK a larger queue that is emptied more often, before the app starts."
      : "Look at the exporter's messages in the app's log: address, key and network.",
    snippet: isQueue && errorType === "queue_full" ? LARGER_QUEUE : undefined,
    records,
  };
}

const sentence = (fragment: string): string =>
  fragment === "" ? "" : `${fragment.charAt(0).toUpperCase()}${fragment.slice(1)}.`;
