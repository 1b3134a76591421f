import { parseArgs } from "node:util";
import type { ParseArgsConfig } from "node:util";
import { LensError } from "@lensai/otel-config/errors";

type Options = NonNullable<ParseArgsConfig["options"]>;

/** The words and options behind a command. Throws `config.invalid` for options it does not have. */
export function parseArguments<const O extends Options>(
  argv: readonly string[],
  options: O,
): ReturnType<typeof parseArgs<{ options: O; allowPositionals: true }>> {
  try {
    return parseArgs({ args: [...argv], options, allowPositionals: true });
  } catch (cause) {
    throw usageError((cause as Error).message, cause);
  }
}

export function usageError(message: string, cause?: unknown): LensError {
  return new LensError("config.invalid", message, { cause });
}

const DAY = /^\d{4}-\d{2}-\d{2}$/;
const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?Z$/;

/** A day means its first moment, UTC. Throws `config.invalid` for anything but a day or a UTC time. */
export function parseTime(option: string, text: string | undefined): Date | undefined {
  if (text === undefined) return undefined;
  const time = DAY.test(text) || TIME.test(text) ? new Date(text) : undefined;
  if (time !== undefined && !Number.isNaN(time.getTime())) return time;
  throw usageError(`--${option}: "${text}" is not a time like 2026-11-01 or 2026-11-01T08:00:00Z`);
}

/** Exactly these words, by name. Throws `config.invalid` for too few or too many. */
export function requireWords<const N extends string>(
  words: readonly string[],
  names: readonly N[],
): Record<N, string> {
  const wanted = names.map((name) => `<${name}>`).join(" ");
  const missing = names[words.length];
  if (missing !== undefined) throw usageError(`<${missing}> is missing: give ${wanted}`);
  const extra = words[names.length];
  if (extra !== undefined) throw usageError(`"${extra}" is one word too many: give ${wanted}`);
  return Object.fromEntries(names.map((name, index) => [name, words[index]])) as Record<N, string>;
}
