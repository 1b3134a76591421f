import type { PriceAnswer, PriceBook, PriceQuery } from "@lensai/otel-config/pricing/price-book";
import type { UnitPrices } from "@lensai/otel-config/pricing/unit-prices";

/** Distinct questions remembered; beyond it the cache starts over. */
const ENTRIES_MAX = 10_000;

/** A question without its time, which an answer covers a period of. */
export interface PriceSubject {
  projectId: string;
  provider: string | undefined;
  serviceTier: string | undefined;
}

type Models = Map<string, PriceAnswer>;

/**
 * The answers last given per project, tier, provider and model. They say themselves how long they hold.
 * Nothing is allocated for a question that was asked before.
 */
export class PriceCache {
  private readonly book: PriceBook;
  private version: string;
  private readonly projects = new Map<string, Map<string, Map<string, Models>>>();
  private count = 0;
  /** Most calls of a request share all of it, so that one look-up by model is left. */
  private readonly last: PriceSubject = {
    projectId: "",
    provider: undefined,
    serviceTier: undefined,
  };
  private lastModels: Models;

  constructor(book: PriceBook) {
    this.book = book;
    this.version = book.version;
    this.lastModels = this.modelsOf(this.last);
  }

  /** Prices at a time; undefined when the book does not know the model, or not in this tier. */
  resolve(subject: PriceSubject, model: string, atMs: number): UnitPrices | undefined {
    if (this.book.version !== this.version) this.startOver();
    const models = this.isLast(subject) ? this.lastModels : this.modelsOf(subject);
    const known = models.get(model);
    if (known !== undefined && atMs >= known.validFromMs && atMs < known.validUntilMs) {
      return known.prices;
    }
    const query: PriceQuery = { ...subject, model, at: new Date(atMs) };
    const answer = this.book.resolve(query);
    if (known === undefined) this.count += 1;
    if (this.count > ENTRIES_MAX) this.startOver();
    else models.set(model, answer);
    return answer.prices;
  }

  private isLast({ projectId, provider, serviceTier }: PriceSubject): boolean {
    const { last } = this;
    return (
      provider === last.provider && serviceTier === last.serviceTier && projectId === last.projectId
    );
  }

  private modelsOf({ projectId, provider, serviceTier }: PriceSubject): Models {
    const tiers = mapAt(this.projects, projectId);
    const providers = mapAt(tiers, serviceTier ?? "");
    this.lastModels = mapAt(providers, provider ?? "");
    this.last.projectId = projectId;
    this.last.provider = provider;
    this.last.serviceTier = serviceTier;
    return this.lastModels;
  }

  private startOver(): void {
    this.version = this.book.version;
    this.projects.clear();
    this.lastModels = this.modelsOf({ projectId: "", provider: undefined, serviceTier: undefined });
    this.count = 0;
  }
}

function mapAt<V>(maps: Map<string, Map<string, V>>, key: string): Map<string, V> {
  const known = maps.get(key);
  if (known !== undefined) return known;
  const created = new Map<string, V>();
  maps.set(key, created);
  return created;
}
