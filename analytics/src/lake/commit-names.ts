/** Names from `first` to `last`, which are alike but for the number at their end, as wide in both. */
export interface NameRange {
  readonly first: string;
  readonly last: string;
}

/** `<writer>-<number>`; a longer number could not be counted with. */
const NUMBERED = /^(.*\D|)(\d{1,15})$/;

interface Run {
  from: number;
  to: number;
}

/**
 * A set of commits' names. Writers number theirs, so that a million names are a few ranges: they are remembered for
 * ever, because a landing may come again whose writer died long ago.
 */
export class CommitNames {
  /** Runs in ascending order that do not touch, by what is before the number and how wide it is. */
  readonly #runs = new Map<string, Run[]>();
  readonly #others = new Set<string>();
  /** How many names are in it. */
  #size = 0;

  get size(): number {
    return this.#size;
  }

  has(name: string): boolean {
    const numbered = parse(name);
    if (numbered === undefined) return this.#others.has(name);
    const runs = this.#runs.get(numbered.series);
    if (runs === undefined) return false;
    const run = runs[firstRunEndingFrom(runs, numbered.number)];
    return run !== undefined && run.from <= numbered.number;
  }

  /** Are all of these in it? */
  hasAll(names: CommitNames): boolean {
    return names.ranges().every((range) => this.#hasRange(range));
  }

  #hasRange({ first, last }: NameRange): boolean {
    const [from, to] = [parse(first), parse(last)];
    if (from === undefined || to === undefined) return this.has(first) && this.has(last);
    const runs = this.#runs.get(from.series) ?? [];
    const run = runs[firstRunEndingFrom(runs, from.number)];
    return run !== undefined && run.from <= from.number && run.to >= to.number;
  }

  add(name: string): void {
    this.addRange({ first: name, last: name });
  }

  addRange({ first, last }: NameRange): void {
    const [from, to] = [parse(first), parse(last)];
    if (from === undefined || to === undefined || from.series !== to.series) {
      for (const name of [first, last]) {
        if (!this.#others.has(name)) this.#size += 1;
        this.#others.add(name);
      }
      return;
    }
    const runs = this.#runs.get(from.series) ?? [];
    this.#runs.set(from.series, runs);
    this.#size += addRun(runs, { from: from.number, to: to.number });
  }

  addAll(names: CommitNames): void {
    for (const range of names.ranges()) this.addRange(range);
  }

  /** In ascending order of their first names. */
  ranges(): NameRange[] {
    const ranges = Array.from(this.#others, (name) => ({ first: name, last: name }));
    for (const [series, runs] of this.#runs) {
      for (const { from, to } of runs) {
        ranges.push({ first: nameOf(series, from), last: nameOf(series, to) });
      }
    }
    return ranges.toSorted((left, right) => (left.first < right.first ? -1 : 1));
  }
}

/** "c1-/3" for "c1-007". */
function parse(name: string): { series: string; number: number } | undefined {
  const [, prefix, digits] = NUMBERED.exec(name) ?? [];
  if (prefix === undefined || digits === undefined) return undefined;
  return { series: `${prefix}/${digits.length}`, number: Number(digits) };
}

function nameOf(series: string, number: number): string {
  const slash = series.lastIndexOf("/");
  return series.slice(0, slash) + String(number).padStart(Number(series.slice(slash + 1)), "0");
}

/** The position of the first run that ends at the number or after it. */
function firstRunEndingFrom(runs: readonly Run[], number: number): number {
  let [low, high] = [0, runs.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((runs[middle] as Run).to < number) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Answers how many numbers are new. */
function addRun(runs: Run[], { from, to }: Run): number {
  const start = firstRunEndingFrom(runs, from - 1);
  const merged = { from, to };
  let known = 0;
  let end = start;
  for (let run = runs[end]; run !== undefined && run.from <= to + 1; run = runs[end]) {
    known += run.to - run.from + 1;
    merged.from = Math.min(merged.from, run.from);
    merged.to = Math.max(merged.to, run.to);
    end += 1;
  }
  runs.splice(start, end - start, merged);
  return merged.to - merged.from + 1 - known;
}
