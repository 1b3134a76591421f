import type { CompiledDialects } from "@lensai/otel-config/dialects/compile-dialects";
import { readingOf } from "@lensai/otel-config/usage/usage-reading";
import type { UsageProducer, UsageReading } from "@lensai/otel-config/usage/usage-reading";

/** Readings remembered per scope; beyond it they are worked out again. */
const READINGS_MAX = 1000;

/** Who made a call, within a scope. */
export type CallProducer = Omit<UsageProducer, "scope" | "scopeVersion">;

/** What a scope's name and version say, for all its records: whose instrumentation it is and how it counts. */
export class ScopeFacts {
  readonly scope: string | undefined;
  private readonly version: string | undefined;
  /** Bits of the dialects that the scope is a sign of. */
  readonly signs: number;
  /** By model, as its calls rarely differ in anything else. */
  private readonly readings = new Map<string, KnownReading[]>();
  private count = 0;

  constructor(scope: string | undefined, version: string | undefined, signs: number) {
    this.scope = scope;
    this.version = version;
    this.signs = signs;
  }

  /** How this scope's calls to a model count their tokens. `producer` is not kept. */
  readingOf(producer: CallProducer): UsageReading {
    const { model = "" } = producer;
    const ofModel = this.readings.get(model);
    if (ofModel !== undefined) {
      for (const known of ofModel) if (isSame(known.producer, producer)) return known.reading;
    }
    const reading = readingOf({ ...producer, scope: this.scope, scopeVersion: this.version });
    this.remember(model, { producer: { ...producer }, reading });
    return reading;
  }

  private remember(model: string, known: KnownReading): void {
    if (this.count === READINGS_MAX) {
      this.readings.clear();
      this.count = 0;
    }
    this.count += 1;
    const ofModel = this.readings.get(model);
    if (ofModel === undefined) this.readings.set(model, [known]);
    else ofModel.push(known);
  }
}

interface KnownReading {
  readonly producer: CallProducer;
  readonly reading: UsageReading;
}

function isSame(a: CallProducer, b: CallProducer): boolean {
  return (
    a.dialect === b.dialect &&
    a.provider === b.provider &&
    a.isStreaming === b.isStreaming &&
    a.isFinished === b.isFinished
  );
}

/** Scopes remembered by name and version; beyond it the table starts over. */
const SCOPES_MAX = 4096;

/** The facts about every scope met. */
export class ScopeTable {
  readonly none: ScopeFacts;
  private readonly dialects: CompiledDialects;
  private readonly byName = new Map<string, ScopeFacts>();

  constructor(dialects: CompiledDialects) {
    this.dialects = dialects;
    this.none = new ScopeFacts(undefined, undefined, 0);
  }

  factsOf(scope: string, version: string | undefined): ScopeFacts {
    const key = version === undefined ? scope : `${scope}\n${version}`;
    const known = this.byName.get(key);
    if (known !== undefined) return known;
    if (this.byName.size === SCOPES_MAX) this.byName.clear();
    const facts = new ScopeFacts(scope, version, this.dialects.scopeSigns(scope));
    this.byName.set(key, facts);
    return facts;
  }
}
