import type { CompiledDialects } from "@lensai/otel-config/dialects/compile-dialects";
import { readingOf } from "@lensai/otel-config/usage/usage-rules";
import type { UsageProducer, UsageReading } from "@lensai/otel-config/usage/usage-rules";

/** Readings remembered per scope; beyond it they are worked out again. */
const READINGS_MAX = 1000;

/** What a scope's name says, for all its records: whose instrumentation it is and how it counts. */
export class ScopeFacts {
  readonly scope: string | undefined;
  /** Bits of the dialects that the scope is a sign of. */
  readonly signs: number;
  private readonly readings = new Map<string, UsageReading>();
  private last: { producer: Omit<UsageProducer, "scope">; reading: UsageReading } | undefined;

  constructor(scope: string | undefined, signs: number) {
    this.scope = scope;
    this.signs = signs;
  }

  /** How this scope's calls to a model count their tokens. */
  readingOf(producer: Omit<UsageProducer, "scope">): UsageReading {
    const { last } = this;
    if (last !== undefined && isSame(last.producer, producer)) return last.reading;
    const { dialect, provider = "", model = "", isStreaming, isFinished } = producer;
    const key = `${dialect}\n${provider}\n${model}\n${isStreaming}\n${isFinished}`;
    let reading = this.readings.get(key);
    if (reading === undefined) {
      reading = readingOf({ ...producer, scope: this.scope });
      if (this.readings.size === READINGS_MAX) this.readings.clear();
      this.readings.set(key, reading);
    }
    this.last = { producer: { ...producer }, reading };
    return reading;
  }
}

function isSame(a: Omit<UsageProducer, "scope">, b: Omit<UsageProducer, "scope">): boolean {
  return (
    a.dialect === b.dialect &&
    a.provider === b.provider &&
    a.model === b.model &&
    a.isStreaming === b.isStreaming &&
    a.isFinished === b.isFinished
  );
}

/** Scopes remembered by name; beyond it the table starts over. */
const SCOPES_MAX = 4096;

/** The facts about every scope met. */
export class ScopeTable {
  readonly none: ScopeFacts;
  private readonly dialects: CompiledDialects;
  private readonly byName = new Map<string, ScopeFacts>();

  constructor(dialects: CompiledDialects) {
    this.dialects = dialects;
    this.none = new ScopeFacts(undefined, 0);
  }

  factsOf(scope: string): ScopeFacts {
    const known = this.byName.get(scope);
    if (known !== undefined) return known;
    if (this.byName.size === SCOPES_MAX) this.byName.clear();
    const facts = new ScopeFacts(scope, this.dialects.scopeSigns(scope));
    this.byName.set(scope, facts);
    return facts;
  }
}
