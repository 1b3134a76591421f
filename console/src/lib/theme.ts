export type Theme = "light" | "dark";

/** Kept in a cookie, so that the server paints the right theme at once: no flash, no inline script. */
export const THEME_COOKIE = "lensai_theme";

/** Undefined: follow the system. */
export function parseTheme(value: string | undefined): Theme | undefined {
  return value === "light" || value === "dark" ? value : undefined;
}
