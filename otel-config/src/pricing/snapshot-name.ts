/** "-2025-08-07", "-20250929", "@20250929", "@default" at the end of a model's name. */
const SNAPSHOT = /(?:-20\d{2}-?\d{2}-?\d{2}|@[\w-]+)$/;

/** The model's name without the date of its snapshot: "gpt-5" for "gpt-5-2025-08-07", and for "gpt-5". */
export function withoutSnapshot(model: string): string {
  return model.replace(SNAPSHOT, "");
}
