import type { ProcessUsage } from "./process-usage.ts";

/** What all processes together may use while nobody uses them. */
export const CPU_PERCENT_MAX = 2;
const RSS_BYTES_MAX = 500e6;

export interface FootprintReport {
  readonly text: string;
  readonly isWithinBars: boolean;
}

/** A table with a line per process, their sum, and whether that is what it may be. */
export function reportOf(title: string, usages: readonly ProcessUsage[]): FootprintReport {
  const together: ProcessUsage = {
    name: "together",
    rssBytes: sum(usages.map(({ rssBytes }) => rssBytes)),
    pssBytes: sum(usages.map(({ pssBytes }) => pssBytes)),
    cpuPercent: cpuPercentOf(usages),
  };
  const isCpuKept = together.cpuPercent < CPU_PERCENT_MAX;
  const isRssKept = together.rssBytes < RSS_BYTES_MAX;
  const lines = [
    title,
    line(["process", "RSS MB", "PSS MB", "CPU %"]),
    ...[...usages, together].map((usage) =>
      line([
        usage.name,
        megabytes(usage.rssBytes),
        megabytes(usage.pssBytes),
        usage.cpuPercent.toFixed(2),
      ]),
    ),
    `${verdict(isCpuKept)} under ${CPU_PERCENT_MAX} % of one core`,
    `${verdict(isRssKept)} under ${megabytes(RSS_BYTES_MAX)} MB resident`,
  ];
  return { text: `${lines.join("\n")}\n\n`, isWithinBars: isCpuKept && isRssKept };
}

export const cpuPercentOf = (usages: readonly ProcessUsage[]): number =>
  sum(usages.map(({ cpuPercent }) => cpuPercent));

const sum = (numbers: readonly number[]): number =>
  numbers.reduce((total, number) => total + number, 0);
const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(1);
const verdict = (isKept: boolean): string => (isKept ? "holds: " : "FAILS: ");

const line = ([name = "", ...figures]: readonly string[]): string =>
  name.padEnd(34) + figures.map((figure) => figure.padStart(10)).join("");
