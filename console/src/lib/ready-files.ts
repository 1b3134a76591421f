import type { Endpoints } from "./snippets.ts";

/** Settings of languages and tools as the repository has them: one text for people who have it, and for this page. */
const files = import.meta.glob<string>("../../../otel-config/env/*.{env,toml,json}", {
  query: "?raw",
  import: "default",
  eager: true,
});

export interface ReadyFile {
  readonly name: string;
  /** What is connected with it. */
  readonly label: string;
  /** What to do with the text. */
  readonly how: string;
  /** It has a place for a key. */
  readonly hasKey: boolean;
}

/** Those that a page offers; the others are in the documentation. */
export const READY_FILES: readonly ReadyFile[] = [
  {
    name: "python.env",
    label: "Python",
    how: "Set these, and start the app with OpenTelemetry's launcher and the instrumentation of the SDK that it calls models with.",
    hasKey: true,
  },
  {
    name: "node.env",
    label: "Node",
    how: "Set these, and start the app with OpenTelemetry's automatic instrumentation.",
    hasKey: true,
  },
  {
    name: "claude-code.env",
    label: "Claude Code",
    how: "Set these in the shell that starts claude. What people type is not sent.",
    hasKey: true,
  },
  {
    name: "codex.toml",
    label: "Codex CLI",
    how: "Add this to ~/.codex/config.toml. What people type is not sent.",
    hasKey: true,
  },
  {
    name: "gemini-cli.settings.json",
    label: "Gemini CLI",
    how: "Put this into ~/.gemini/settings.json. What people type is not sent.",
    hasKey: false,
  },
];

const LOCAL_ENDPOINT = "http://127.0.0.1:4318";
const KEY_COMMENT = /^# Needed by any collector .*\n# (?=OTEL_EXPORTER_OTLP_HEADERS=)/m;
const CODEX_KEY_COMMENT =
  /^# For any collector .* headers = .*\n(exporter = \{ otlp-http = \{ )(.*)$/m;

/**
 * The text of a ready file for a collector: its address and, where a key is needed, the place for it. Variables are
 * exported, as a shell wants them.
 */
export function readyText(name: string, endpoints: Endpoints, needsKey: boolean): string {
  const text = Object.entries(files).find(([path]) => path.endsWith(`/${name}`))?.[1];
  if (text === undefined) throw new Error(`there is no ready file ${name}`);
  const addressed = text
    .trimEnd()
    .replaceAll(LOCAL_ENDPOINT, `http://${endpoints.host}:${endpoints.otlpHttpPort}`);
  const keyed = needsKey ? withKey(addressed) : addressed;
  return name.endsWith(".env") ? exported(keyed) : keyed;
}

const withKey = (text: string): string =>
  text
    .replace(KEY_COMMENT, "")
    .replaceAll("<key>", "<your key>")
    .replace(CODEX_KEY_COMMENT, '$1headers = { "x-api-key" = "<your key>" }, $2');

const exported = (text: string): string =>
  text.replaceAll(/^([A-Z_]+)=(.*)$/gm, (_, variable: string, value: string) =>
    /[<>\s]/.test(value) ? `export ${variable}="${value}"` : `export ${variable}=${value}`,
  );
