import { comparePrices } from "@lensai/otel-config/pricing/compare-prices";
import { readLitellmList } from "@lensai/otel-config/pricing/litellm-list";
import type { ListedModel } from "@lensai/otel-config/pricing/litellm-list";
import { createPriceBook } from "@lensai/otel-config/pricing/layered-book";
import { DECISIONS } from "./decisions.ts";
import type { Decision } from "./decisions.ts";

/** A price of a large provider for which the second list says something else. */
interface ListDifference {
  readonly provider: string;
  readonly model: string;
  readonly serviceTier: string;
  /** With the threshold of a tier: "input_mtok > 200000". */
  readonly unit: string;
  /** Pico-USD each; undefined when there is no price. */
  readonly oursPico: number | undefined;
  readonly theirsPico: number | undefined;
  /** Which list names the price; the other charges what follows from another price. */
  readonly namedBy: "both" | "ours" | "theirs";
}

export interface DecidedDifference extends ListDifference {
  /** Undefined: nobody has looked at it. */
  readonly decision: Decision | undefined;
}

const LARGE_PROVIDERS: ReadonlySet<string> = new Set([
  "openai",
  "anthropic",
  "gcp.gemini",
  "gcp.vertex_ai",
  "aws.bedrock",
  "azure.ai.openai",
  "mistral_ai",
  "x_ai",
  "deepseek",
  "groq",
  "cohere",
]);

/** Their list has entries per region in the form "region/model", a name that no response has. */
const REGIONAL_PROVIDERS: ReadonlySet<string> = new Set(["aws.bedrock", "azure.ai.openai"]);

/** Every difference to a list in LiteLLM's format, for the models that both know, with what was decided. */
export function decidedDifferences(document: unknown, at: Date): DecidedDifference[] {
  return differences(document, at).map((found) =>
    Object.assign(found, { decision: DECISIONS.find((decision) => fits(decision, found)) }),
  );
}

function differences(document: unknown, at: Date): ListDifference[] {
  const book = createPriceBook();
  return largeModels(document).flatMap(({ provider, model, serviceTier, prices }) => {
    const { named, gap } = book.resolve({ provider, model, serviceTier, at });
    if (named === undefined) {
      const subject = { provider, model, serviceTier };
      return gap === "service_tier" ? [missingTier(subject, prices["input_mtok"])] : [];
    }
    return comparePrices(named, prices).map(
      ({ unit, oursPico, theirsPico, isNamedByUs, isNamedByThem }): ListDifference => ({
        provider,
        model,
        serviceTier,
        unit,
        oursPico,
        theirsPico,
        namedBy: namedBy(isNamedByUs, isNamedByThem),
      }),
    );
  });
}

function namedBy(isNamedByUs: boolean, isNamedByThem: boolean): ListDifference["namedBy"] {
  if (!isNamedByUs) return "theirs";
  return isNamedByThem ? "both" : "ours";
}

function largeModels(document: unknown): ListedModel[] {
  const seen = new Set<string>();
  return readLitellmList(document).models.filter(({ provider, model, serviceTier }) => {
    const key = JSON.stringify([provider, model, serviceTier]);
    if (!LARGE_PROVIDERS.has(provider) || seen.has(key)) return false;
    if (REGIONAL_PROVIDERS.has(provider) && model.includes("/")) return false;
    seen.add(key);
    return true;
  });
}

const PICO_PER_MTOK = 1e6;

function missingTier(
  subject: Pick<ListDifference, "provider" | "model" | "serviceTier">,
  input: unknown,
): ListDifference {
  const theirsPico = typeof input === "string" ? Number(input) * PICO_PER_MTOK : undefined;
  return { ...subject, unit: "input_mtok", oursPico: undefined, theirsPico, namedBy: "theirs" };
}

/** Every field that the decision names must fit. */
function fits(decision: Decision, found: ListDifference): boolean {
  const { providers, models, tiers, units, theirsIsZero, oursIsUnknown } = decision;
  const checks = [
    providers?.includes(found.provider),
    models?.test(found.model),
    tiers?.includes(found.serviceTier),
    units?.test(found.unit),
    decision.namedBy && decision.namedBy === found.namedBy,
    theirsIsZero && found.theirsPico === 0,
    oursIsUnknown && found.oursPico === undefined,
  ];
  return checks.every((check) => check !== false);
}
