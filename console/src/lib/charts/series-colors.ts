/** How many `--series-n` colours the theme defines (app.css). */
export const SERIES_COLORS = 10;

/**
 * A colour per name. The colour follows from the name (FNV-1a), so that a model keeps it from page to
 * page; of two names in one picture that meet on a colour, the later in the alphabet moves to the next
 * free one.
 */
export function seriesColors(names: readonly string[]): Map<string, string> {
  const taken = new Set<number>();
  const colors = new Map<string, string>();
  for (const name of [...new Set(names)].toSorted()) {
    let slot = fnv1a(name) % SERIES_COLORS;
    for (let step = 0; step < SERIES_COLORS && taken.has(slot); step += 1) {
      slot = (slot + 1) % SERIES_COLORS;
    }
    taken.add(slot);
    colors.set(name, `var(--series-${slot + 1})`);
  }
  return colors;
}

function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return hash >>> 0;
}
