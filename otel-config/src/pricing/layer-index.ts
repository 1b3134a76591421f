import { scopeKey } from "./price-layer.ts";
import type { PriceEntry, PriceLayer } from "./price-layer.ts";

/** What a layer is asked about; provider and tier by their canonical names. */
export interface Subject {
  readonly provider: string;
  readonly model: string;
  /** The name without its date, where that is the same model: "gpt-5" for "gpt-5-2025-08-07". */
  readonly undatedModel: string | undefined;
  readonly projectId: string | undefined;
  readonly serviceTier: string;
}

/** The entry that counts, if any, and the longest period around the moment in which that is so. */
interface LayerFinding {
  readonly entry: PriceEntry | undefined;
  readonly fromMs: number;
  readonly untilMs: number;
}

export interface LayerIndex {
  readonly name: string;
  /** With `recordedUntil`, entries recorded later do not exist. */
  find(subject: Subject, at: Date, recordedUntil: Date | undefined): LayerFinding;
}

/** Prepares a layer for questions: its entries by provider. */
export function indexLayer(layer: PriceLayer): LayerIndex {
  const byProvider = entriesByProvider(layer);
  return {
    name: layer.name,
    find: (subject, at, recordedUntil) => {
      const candidates = (byProvider.get(subject.provider) ?? []).filter(
        (entry) =>
          isAbout(entry, subject) &&
          (recordedUntil === undefined || entry.recordedAt.getTime() <= recordedUntil.getTime()),
      );
      const entry = choose(candidates, { atMs: at.getTime(), subject });
      return { entry, ...constantPeriod(candidates, at) };
    },
  };
}

/** By hand: the guard runs on Node 20, which has no `Map.groupBy`. */
function entriesByProvider({ entries }: PriceLayer): Map<string, PriceEntry[]> {
  const byProvider = new Map<string, PriceEntry[]>();
  for (const entry of entries) {
    const known = byProvider.get(entry.provider);
    if (known === undefined) byProvider.set(entry.provider, [entry]);
    else known.push(entry);
  }
  return byProvider;
}

function isAbout(entry: PriceEntry, subject: Subject): boolean {
  if (entry.projectId !== undefined && entry.projectId !== subject.projectId) return false;
  if (entry.serviceTier !== subject.serviceTier) return false;
  return nearness(entry, subject) > FAR;
}

/** How an entry names the model: by its name, by its name without a date, by a beginning of it, or not. */
const NAMED = 3;
const NAMED_UNDATED = 2;
const BEGUN = 1;
const FAR = 0;

function nearness({ model, match }: PriceEntry, subject: Subject): number {
  const wanted = model.toLowerCase();
  const name = subject.model.toLowerCase();
  if (match === "prefix") return name.startsWith(wanted) ? BEGUN : FAR;
  if (name === wanted) return NAMED;
  return subject.undatedModel?.toLowerCase() === wanted ? NAMED_UNDATED : FAR;
}

/** Of each scope the entry recorded last, unless it takes the override back; of these the most specific. */
function choose(
  candidates: readonly PriceEntry[],
  { atMs, subject }: { atMs: number; subject: Subject },
): PriceEntry | undefined {
  const latest = new Map<string, PriceEntry>();
  for (const entry of candidates) {
    if (!holds(entry, atMs)) continue;
    const key = scopeKey(entry);
    const known = latest.get(key);
    // Of two recorded in the same millisecond the one further down in the file is the later one.
    if (known === undefined || entry.recordedAt.getTime() >= known.recordedAt.getTime()) {
      latest.set(key, entry);
    }
  }
  return [...latest.values()]
    .filter(({ change }) => change.kind !== "withdrawal")
    .reduce<PriceEntry | undefined>(
      (best, entry) => (best === undefined || isMoreSpecific(entry, best, subject) ? entry : best),
      undefined,
    );
}

function holds({ validFrom, validUntil }: PriceEntry, atMs: number): boolean {
  return (
    (validFrom === undefined || validFrom.getTime() <= atMs) &&
    (validUntil === undefined || atMs < validUntil.getTime())
  );
}

function isMoreSpecific(entry: PriceEntry, other: PriceEntry, subject: Subject): boolean {
  const isOfProject = entry.projectId !== undefined;
  if (isOfProject !== (other.projectId !== undefined)) return isOfProject;
  const nearer = nearness(entry, subject) - nearness(other, subject);
  return nearer === 0 ? entry.model.length > other.model.length : nearer > 0;
}

/** No candidate begins or ends to hold within it. */
function constantPeriod(
  candidates: readonly PriceEntry[],
  at: Date,
): { fromMs: number; untilMs: number } {
  const atMs = at.getTime();
  let fromMs = -Infinity;
  let untilMs = Infinity;
  for (const boundary of candidates.flatMap(({ validFrom, validUntil }) => [
    validFrom,
    validUntil,
  ])) {
    if (boundary === undefined) continue;
    const boundaryMs = boundary.getTime();
    if (boundaryMs <= atMs) fromMs = Math.max(fromMs, boundaryMs);
    else untilMs = Math.min(untilMs, boundaryMs);
  }
  return { fromMs, untilMs };
}
