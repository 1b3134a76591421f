import { settingSpec } from "./settings.ts";

/** A line for a shell: the command behind those of the settings that are not what they are without being set. */
export function commandLine(
  command: string,
  settings: readonly (readonly [name: string, value: string])[],
): string {
  const words = settings
    .filter(([name, value]) => value !== settingSpec(name).default)
    .map(([name, value]) => `${name}=${shellWord(value)}`);
  return [...words, command].join(" ");
}

/** Quoted where a shell would take it apart. */
const shellWord = (text: string): string =>
  /^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
