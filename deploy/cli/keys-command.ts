import { parseArgs } from "node:util";
import { LensError } from "@lensai/otel-config/errors";
import { z } from "zod";
import { askConsole, type RunningConsole } from "./running-console.ts";

export interface KeysCommandOptions {
  /** Found when the arguments make sense. */
  readonly console: () => RunningConsole;
  /** What a program reads: a new key, or the list. */
  readonly write: (text: string) => void;
  /** What a person reads beside it. */
  readonly note: (text: string) => void;
}

const USAGE = `lensai keys list   --project <id> [--json]
lensai keys create --project <id> --name <what it is for> [--scope ingest|read|control]... [--origin <https://...>]... [--expires-in-days <n>]
lensai keys rotate --project <id> --key <id> [--overlap-hours <n>]     24 unless given; 0 ends the old key now
lensai keys rotate --project <id> --secret [--overlap-hours <n>]       a new signing secret; the others end after the overlap
lensai keys revoke --project <id> --key <id>
`;

const OVERLAP_HOURS = 24;
const HOUR_SECONDS = 3600;

const FLAGS = {
  project: { type: "string" },
  name: { type: "string" },
  scope: { type: "string", multiple: true },
  origin: { type: "string", multiple: true },
  "expires-in-days": { type: "string" },
  key: { type: "string" },
  secret: { type: "boolean" },
  "overlap-hours": { type: "string" },
  json: { type: "boolean" },
} as const;

const keySchema = z.object({
  id: z.string(),
  name: z.string(),
  prefix: z.string(),
  last4: z.string(),
  scopes: z.array(z.string()),
  createdAt: z.string(),
  lastUsedAt: z.string().nullable(),
  expiresAt: z.string().nullable(),
  revokedAt: z.string().nullable(),
});
const listSchema = z.object({ keys: z.array(keySchema) });
const createdSchema = z.object({ id: z.string(), key: z.string() });
const rotatedSchema = createdSchema.extend({ oldExpiresAt: z.string() });
const secretSchema = z.object({ keyId: z.string(), secret: z.string() });

/** `lensai keys ...`: what the settings page does, for scripts. Returns the exit code; throws LensError. */
export async function keysCommand(
  args: readonly string[],
  options: KeysCommandOptions,
): Promise<number> {
  const [action, ...rest] = args;
  if (action === undefined || !(action in ACTIONS)) {
    options.note(USAGE);
    return action === undefined || action === "--help" ? 0 : 2;
  }
  await ACTIONS[action as keyof typeof ACTIONS](readFlags(rest), options);
  return 0;
}

type Flags = ReturnType<typeof readFlags>;

function readFlags(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: FLAGS, strict: true }).values;
  } catch (error) {
    throw new LensError("query.invalid", `${(error as Error).message}\n${USAGE}`, { cause: error });
  }
}

const ACTIONS = { list, create, rotate, revoke };

async function list(flags: Flags, { console, write, note }: KeysCommandOptions): Promise<void> {
  const query = new URLSearchParams({ projectId: required(flags, "project") });
  const answer = await askConsole(console(), `/internal/keys?${query.toString()}`, {
    method: "GET",
  });
  const { keys } = listSchema.parse(answer);
  if (flags.json === true) write(`${JSON.stringify(keys, null, 2)}\n`);
  else if (keys.length === 0) note("the project has no keys\n");
  else write(keys.map((key) => `${lineOf(key)}\n`).join(""));
}

async function create(flags: Flags, { console, write, note }: KeysCommandOptions): Promise<void> {
  const body = {
    projectId: required(flags, "project"),
    name: required(flags, "name"),
    scopes: flags.scope ?? ["ingest"],
    origins: flags.origin ?? [],
    expiresInDays: numberOf(flags, "expires-in-days"),
  };
  const created = createdSchema.parse(
    await askConsole(console(), "/internal/keys", { method: "POST", body }),
  );
  note(`created ${created.id}; this is the only time that its key is shown\n`);
  write(`${created.key}\n`);
}

async function rotate(flags: Flags, options: KeysCommandOptions): Promise<void> {
  const { console, write, note } = options;
  const projectId = required(flags, "project");
  const overlapSeconds = (numberOf(flags, "overlap-hours") ?? OVERLAP_HOURS) * HOUR_SECONDS;
  if (flags.secret === true) {
    const body = { projectId, expireOthersInSeconds: overlapSeconds };
    const answer = await askConsole(console(), "/internal/signing-secrets", {
      method: "POST",
      body,
    });
    const { keyId, secret } = secretSchema.parse(answer);
    note(`created ${keyId}; the others end in ${overlapSeconds / HOUR_SECONDS} h\n`);
    write(`LENSAI_SIGNING_KEY_ID=${keyId}\nLENSAI_SIGNING_SECRET=${secret}\n`);
    return;
  }
  const body = { projectId, keyId: required(flags, "key"), overlapSeconds };
  const rotated = rotatedSchema.parse(
    await askConsole(console(), "/internal/keys", { method: "PUT", body }),
  );
  note(`created ${rotated.id}; ${body.keyId} ends at ${rotated.oldExpiresAt}\n`);
  write(`${rotated.key}\n`);
}

async function revoke(flags: Flags, { console, note }: KeysCommandOptions): Promise<void> {
  const body = { projectId: required(flags, "project"), keyId: required(flags, "key") };
  await askConsole(console(), "/internal/keys", { method: "DELETE", body });
  note(`revoked ${body.keyId}\n`);
}

function required(flags: Flags, name: "project" | "name" | "key"): string {
  const value = flags[name];
  if (value === undefined || value === "")
    throw new LensError("query.invalid", `--${name} is missing\n${USAGE}`);
  return value;
}

function numberOf(flags: Flags, name: "expires-in-days" | "overlap-hours"): number | undefined {
  const text = flags[name];
  if (text === undefined) return undefined;
  if (/^\d{1,6}$/.test(text)) return Number(text);
  throw new LensError("query.invalid", `--${name} ${text} is not a whole number`);
}

function lineOf(key: z.output<typeof keySchema>): string {
  const state =
    (key.revokedAt !== null && "revoked") ||
    (key.expiresAt !== null && `until ${key.expiresAt}`) ||
    "valid";
  const used = key.lastUsedAt === null ? "never used" : `used ${key.lastUsedAt}`;
  const shown = `${key.prefix}…${key.last4}`;
  return [key.id, shown, key.scopes.join(","), state, used, key.name].join("\t");
}
