import { canonicalProvider } from "@lensai/otel-config/pricing/provider-names";
import type { DailyCalls } from "../queries/daily-calls-by-model.ts";
import type { ProviderPage, ProviderRecord } from "./provider-record.ts";

/** Days as text, `to` excluded; undefined: as far as the files go. */
export interface DayRange {
  readonly from: string | undefined;
  readonly to: string | undefined;
}

/** Calls of ours of which no file tells anything. */
export interface UntoldCalls {
  /** Canonical name; empty where the calls do not say. */
  readonly provider: string;
  /** The files tell of other days of the provider; otherwise they are not about it at all. */
  readonly isProviderTold: boolean;
  readonly firstDay: string;
  readonly lastDay: string;
  readonly calls: number;
}

/** The first and the last day that the files speak of, within the range; undefined when there is none. */
export function toldRange(
  pages: readonly ProviderPage[],
  range: DayRange,
): { readonly first: string; readonly last: string } | undefined {
  const days = pages
    .flatMap((page) => daysOf(page))
    .filter((day) => isIn(day, range))
    .toSorted();
  const [first, last] = [days[0], days.at(-1)];
  return first === undefined || last === undefined ? undefined : { first, last };
}

export function recordsIn(pages: readonly ProviderPage[], range: DayRange): ProviderRecord[] {
  return pages.flatMap((page) => page.records).filter(({ day }) => isIn(day, range));
}

const isIn = (day: string, { from, to }: DayRange): boolean =>
  (from === undefined || day >= from) && (to === undefined || day < to);

/** Only what the provider tells of can be compared; the rest is counted. */
export function splitTold(
  pages: readonly ProviderPage[],
  calls: readonly DailyCalls[],
): { readonly told: DailyCalls[]; readonly untold: UntoldCalls[] } {
  const days = daysByProvider(pages);
  const told: DailyCalls[] = [];
  const untold = new Map<string, UntoldCalls>();
  for (const group of calls) {
    const provider = canonicalProvider(group.provider ?? "");
    const own = days.get(provider);
    if (own?.has(group.day) === true) {
      told.push(group);
      continue;
    }
    const { day } = group;
    const known = untold.get(provider);
    untold.set(provider, {
      provider,
      isProviderTold: own !== undefined,
      firstDay: known === undefined || day < known.firstDay ? day : known.firstDay,
      lastDay: known === undefined || day > known.lastDay ? day : known.lastDay,
      calls: (known?.calls ?? 0) + group.calls,
    });
  }
  return { told, untold: [...untold.values()] };
}

function daysByProvider(pages: readonly ProviderPage[]): Map<string, Set<string>> {
  const days = new Map<string, Set<string>>();
  for (const [provider, told] of pages.flatMap((page) => [...page.days])) {
    days.set(provider, new Set([...(days.get(provider) ?? []), ...told]));
  }
  return days;
}

function daysOf(page: ProviderPage): string[] {
  const days: string[] = [];
  for (const told of page.days.values()) days.push(...told);
  return days;
}

const lastDayOf = (page: ProviderPage): string => daysOf(page).toSorted().at(-1) ?? "";

/** Pages that the provider goes on after within the range, when no page of the same subject does. */
export function unfinishedPages(
  pages: readonly ProviderPage[],
  { to }: Pick<DayRange, "to">,
): ProviderPage[] {
  return pages.filter(
    (page) =>
      page.hasMore &&
      (to === undefined || lastDayOf(page) < to) &&
      !pages.some((other) => isAfter(other, page)),
  );
}

/** A page without results tells no more of its subject than the provider. */
function isAfter(other: ProviderPage, page: ProviderPage): boolean {
  if (other.subject !== page.subject && !page.subject.startsWith(`${other.subject} `)) return false;
  const [otherDay, day] = [lastDayOf(other), lastDayOf(page)];
  return otherDay > day || (otherDay === day && !other.hasMore);
}

export interface SharedDay {
  readonly subject: string;
  readonly day: string;
  readonly files: ReadonlySet<string>;
}

/** Files of the same subject that speak of the same day of a provider: two accounts, or one thing twice. */
export function sharedDays(pages: readonly ProviderPage[]): SharedDay[] {
  const found = new Map<string, SharedDay & { readonly files: Set<string> }>();
  for (const { subject, file, days } of pages) {
    for (const [provider, told] of days) {
      for (const day of told) {
        const key = JSON.stringify([subject, provider, day]);
        const shared = found.get(key) ?? { subject, day, files: new Set() };
        found.set(key, shared);
        shared.files.add(file);
      }
    }
  }
  return [...found.values()].filter(({ files }) => files.size > 1);
}
