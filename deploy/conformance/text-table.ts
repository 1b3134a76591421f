/** Cells below their titles, as wide as the widest; the last column runs free. */
export function textTable(
  titles: readonly string[],
  lines: readonly (readonly string[])[],
): string {
  const all = [titles, ...lines];
  const widths = titles.map((_, at) => Math.max(...all.map((cells) => (cells[at] ?? "").length)));
  return all
    .map((cells) =>
      cells
        .map((cell, at) => (at === titles.length - 1 ? cell : cell.padEnd(widths[at] ?? 0)))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
