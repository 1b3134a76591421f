import { parseLakeKey } from "../lake/layout.ts";
import type { ManifestFile } from "../lake/manifest.ts";
import { CORRECTABLE_SINCE } from "../queries/corrected-rows.ts";

/** The rows and the corrections of a day about which nobody decides any more. */
export interface SettledDay {
  /** Days since 1970-01-01, UTC. */
  readonly day: number;
  /** Smallest first. */
  readonly spans: readonly ManifestFile[];
  readonly corrections: readonly ManifestFile[];
}

const DAY_MS = 86_400_000;
/** The review looks at hours for two days; what it decides then lands at once. */
const SETTLED_AFTER_MS = 50 * 3_600_000;

/**
 * The earliest day whose corrections may go into its rows. Rows of version 1 have not all the columns that
 * corrections fill: days with any are left as they are.
 */
export function planFold(
  files: readonly ManifestFile[],
  nowUnixMs: number,
): SettledDay | undefined {
  const days = new Map<number, { spans: ManifestFile[]; corrections: ManifestFile[] }>();
  for (const file of files) {
    const day = parseLakeKey(file.key)?.day;
    if (day === undefined || file.kind === "content") continue;
    if (nowUnixMs < (day + 1) * DAY_MS + SETTLED_AFTER_MS) continue;
    const own = days.get(day) ?? { spans: [], corrections: [] };
    own[file.kind].push(file);
    days.set(day, own);
  }
  const [first] = [...days]
    .filter(
      ([, { spans, corrections }]) =>
        corrections.length > 0 && spans.every(({ rowVersion }) => rowVersion >= CORRECTABLE_SINCE),
    )
    .toSorted(([left], [right]) => left - right);
  if (first === undefined) return undefined;
  const [day, { spans, corrections }] = first;
  const bySize = spans.toSorted((left, right) => left.sizeBytes - right.sizeBytes);
  return { day, spans: bySize, corrections };
}
