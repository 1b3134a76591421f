import { canonicalProvider } from "@lensai/otel-config/pricing/provider-names";
import { withoutSnapshot } from "@lensai/otel-config/pricing/snapshot-name";
import type { DailyCalls } from "../queries/daily-calls-by-model.ts";
import { ourSums, providerSums } from "./figure-sums.ts";
import type { OurFigures } from "./figure-sums.ts";
import { findCauses } from "./find-causes.ts";
import type { Cause } from "./find-causes.ts";
import { TOKEN_MEASURES } from "./provider-record.ts";
import type { Measures, ProviderRecord } from "./provider-record.ts";
import { isWithin } from "./tolerance.ts";
import type { TolerancePpm } from "./tolerance.ts";

export const MATCH_CLASSES = ["matched", "differs", "provider_only", "ours_only"] as const;
export type MatchClass = (typeof MATCH_CLASSES)[number];

/** Both sides of a model on a day. */
export interface MatchedRow {
  /** YYYY-MM-DD, UTC. */
  readonly day: string;
  readonly provider: string;
  readonly model: string | undefined;
  /** What the provider charges without naming a model. */
  readonly item: string | undefined;
  readonly class: MatchClass;
  /** Undefined when that side has nothing. */
  readonly theirs: Measures | undefined;
  readonly ours: OurFigures | undefined;
  /** None for a match. */
  readonly causes: readonly Cause[];
}

interface Family {
  readonly day: string;
  readonly provider: string;
  readonly item: string | undefined;
  readonly theirs: ProviderRecord[];
  readonly ours: DailyCalls[];
}

/**
 * Puts what a provider says beside the calls that were seen, by UTC day and model, in that order. Snapshots of a model
 * are rows of their own where both sides name the same ones; otherwise they are one row with the undated name.
 */
export function matchFigures(
  records: readonly ProviderRecord[],
  calls: readonly DailyCalls[],
  tolerance: TolerancePpm,
): MatchedRow[] {
  const families = familiesOf(records, calls);
  return families
    .flatMap((family) => membersOf(family))
    .flatMap((member) => rowOf(member, tolerance) ?? [])
    .toSorted((a, b) => compareTexts(sortKey(a), sortKey(b)));
}

const sortKey = ({ day, provider, model, item }: MatchedRow): string =>
  [day, provider, model === undefined ? "~" : model, item ?? ""].join("\n");

const compareTexts = (a: string, b: string): number => Number(a > b) - Number(a < b);

function familiesOf(records: readonly ProviderRecord[], calls: readonly DailyCalls[]): Family[] {
  const families = new Map<string, Family>();
  const familyOf = (
    subject: Omit<Family, "theirs" | "ours">,
    model: string | undefined,
  ): Family => {
    const { day, provider, item } = subject;
    const name = model && withoutSnapshot(nameOf(model));
    const key = JSON.stringify([day, provider, item ?? null, name ?? null]);
    const family = families.get(key) ?? { ...subject, theirs: [], ours: [] };
    families.set(key, family);
    return family;
  };
  for (const record of records) {
    const { day, provider, item, model } = record;
    familyOf({ day, provider, item }, model).theirs.push(record);
  }
  for (const group of calls) {
    const provider = canonicalProvider(group.provider ?? "");
    familyOf({ day: group.day, provider, item: undefined }, group.model).ours.push(group);
  }
  return [...families.values()];
}

/** Letter case tells no models apart. */
const nameOf = (model: string | undefined): string => (model ?? "").toLowerCase();

type Member = Family & { readonly model: string | undefined };

/** The snapshots of a model, or the model. */
function membersOf(family: Family): Member[] {
  const theirs = new Set(family.theirs.map(({ model }) => nameOf(model)));
  const ours = new Set(family.ours.map(({ model }) => nameOf(model)));
  const areSame = theirs.size === ours.size && [...theirs].every((name) => ours.has(name));
  const names = [...new Set([...theirs, ...ours])];
  if (areSame) {
    return names.map((name) => ({
      ...family,
      model: name || undefined,
      theirs: family.theirs.filter(({ model }) => nameOf(model) === name),
      ours: family.ours.filter(({ model }) => nameOf(model) === name),
    }));
  }
  const [first = ""] = names;
  const name = names.length === 1 ? first : withoutSnapshot(first);
  return [{ ...family, model: name || undefined }];
}

function rowOf(
  { theirs: records, ours: groups, ...subject }: Member,
  tolerance: TolerancePpm,
): MatchedRow | undefined {
  const theirs = providerSums(records);
  const ours = ourSums(groups);
  if (theirs === undefined && ours === undefined) return undefined;
  const matchClass = classOf(theirs, ours, tolerance);
  const sides = { isOfModel: subject.model !== undefined, theirs, ours };
  const causes = matchClass === "matched" ? [] : findCauses(sides, tolerance);
  return { ...subject, class: matchClass, theirs, ours, causes };
}

function classOf(
  theirs: Measures | undefined,
  ours: OurFigures | undefined,
  tolerance: TolerancePpm,
): MatchClass {
  if (ours === undefined) return "provider_only";
  if (theirs === undefined) return "ours_only";
  const isNear = judgedBy(theirs).every((measure) =>
    isWithin(theirs[measure] ?? 0n, ours[measure], tolerance),
  );
  return isNear ? "matched" : "differs";
}

/** Money decides where it is told; else every count of tokens; else that of requests. */
export function judgedBy(theirs: Measures): readonly (keyof Measures)[] {
  if (theirs.costNanoUsd !== undefined) return ["costNanoUsd"];
  const tokens = TOKEN_MEASURES.filter((measure) => theirs[measure] !== undefined);
  return tokens.length > 0 ? tokens : ["requests"];
}
