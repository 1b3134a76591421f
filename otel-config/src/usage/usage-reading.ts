import type { CountConvention, TotalRest } from "./usage.ts";
import { USAGE_RULES } from "./usage-rules.ts";
import type { UsageRule } from "./usage-rules.ts";

/** Why counts may not be what the provider charges for. */
export interface UsageDoubt {
  readonly rule: string;
  readonly kind: NonNullable<UsageRule["estimate"]>;
  /** The answer broke off: also what the provider said itself until then is not all. */
  readonly isPartial: boolean;
}

/** What the rules say about one kind of call. */
export interface UsageReading {
  readonly input: CountConvention | undefined;
  readonly output: CountConvention | undefined;
  readonly rest: TotalRest | undefined;
  /** Name of the rule behind the conventions. */
  readonly conventionRule: string | undefined;
  readonly estimate: UsageDoubt | undefined;
}

/** What tells the rules apart. Asked once per distinct producer, not per call. */
export interface UsageProducer {
  readonly scope: string | undefined;
  readonly scopeVersion: string | undefined;
  readonly dialect: string;
  /** Canonical. */
  readonly provider: string | undefined;
  readonly model: string | undefined;
  readonly isStreaming: boolean;
  /** The record names a reason why the answer ended. */
  readonly isFinished: boolean;
}

/** Applies the rules to a producer. */
export function readingOf(producer: UsageProducer): UsageReading {
  const fitting = USAGE_RULES.filter((rule) => isAbout(rule, producer));
  const input = fitting.find((rule) => rule.input !== undefined);
  const output = fitting.find((rule) => rule.output !== undefined);
  const rest = fitting.find((rule) => rule.rest !== undefined);
  const guess = fitting.find((rule) => rule.estimate !== undefined);
  return {
    input: input?.input,
    output: output?.output,
    rest: rest?.rest,
    conventionRule: (input ?? output ?? rest)?.name,
    estimate:
      guess === undefined
        ? undefined
        : {
            rule: guess.name,
            kind: guess.estimate ?? "always",
            isPartial: guess.finished === false,
          },
  };
}

function isAbout(rule: UsageRule, producer: UsageProducer): boolean {
  const { dialect, provider, model, isStreaming, isFinished } = producer;
  return (
    isOfScope(rule, producer) &&
    isListed(rule.dialects, dialect) &&
    isListed(rule.providers, provider) &&
    (rule.models === undefined || namesOneOf(rule.models, model)) &&
    !namesOneOf(rule.exceptModels ?? [], model) &&
    (rule.streaming === undefined || rule.streaming === isStreaming) &&
    (rule.finished === undefined || rule.finished === isFinished)
  );
}

function isOfScope(
  { scopes, versionBelow }: UsageRule,
  { scope, scopeVersion }: UsageProducer,
): boolean {
  if (scopes !== undefined && !scopes.some((pattern) => isScope(pattern, scope))) return false;
  return versionBelow === undefined || isBelow(scopeVersion, versionBelow);
}

function namesOneOf(parts: readonly string[], model: string | undefined): boolean {
  return parts.some((part) => model?.includes(part) === true);
}

function isListed(list: readonly string[] | undefined, value: string | undefined): boolean {
  return list === undefined || (value !== undefined && list.includes(value));
}

function isScope(pattern: string, scope: string | undefined): boolean {
  if (scope === undefined) return false;
  return pattern.endsWith("*") ? scope.startsWith(pattern.slice(0, -1)) : scope === pattern;
}

/** Compares the numbers of versions, part by part; what follows them ("b0", "-rc.1") counts nothing. */
function isBelow(version: string | undefined, bound: string): boolean {
  if (version === undefined) return false;
  const [own, limit] = [version, bound].map((each) =>
    each.split(".").map((part) => Number.parseInt(part, 10)),
  );
  for (const [at, part] of (limit as number[]).entries()) {
    const ours = own?.[at] ?? 0;
    if (ours !== part) return ours < part;
  }
  return false;
}
