/**
 * Every environment variable of the system: the one list from which each process refuses unknown
 * `LENSAI_*` names and from which `.env.example` is generated. A process parses its own values with a
 * schema of its own.
 */

export type SettingOwner = "launcher" | "collector" | "console" | "instrumentation";

export interface SettingSpec {
  readonly name: string;
  /** The processes that read it. */
  readonly owners: readonly SettingOwner[];
  /** One sentence for an operator, with the unit and the allowed values. */
  readonly description: string;
  /** The default as it would be written in an environment file; undefined when there is none. */
  readonly default: string | undefined;
  /** True for credentials: never printed, left empty in examples. */
  readonly secret: boolean;
}

const setting = (
  owners: readonly SettingOwner[],
  name: string,
  spec: { description: string; default?: string; secret?: boolean },
): SettingSpec => ({
  name,
  owners,
  description: spec.description,
  default: spec.default,
  secret: spec.secret ?? false,
});

export const SETTINGS: readonly SettingSpec[] = [
  // places
  setting(["launcher", "collector", "console"], "LENSAI_DATA_DIR", {
    description: "folder for everything that is kept on this machine",
    default: "./.lensai",
  }),
  setting(["launcher", "collector", "console"], "LENSAI_LAKE_URL", {
    description:
      "where the Parquet lake lives: file:///absolute/folder or s3://bucket/prefix; default is the folder lake in the data folder",
  }),
  setting(["launcher", "collector", "console"], "LENSAI_REGION", {
    description: "name of the region in lake paths: lower-case letters, digits and dashes",
    default: "local",
  }),
  setting(["launcher", "collector", "console"], "LENSAI_S3_ENDPOINT", {
    description: "http(s) URL of an S3-compatible server; empty means Amazon S3",
  }),
  setting(["launcher", "collector", "console"], "AWS_ACCESS_KEY_ID", {
    description: "access key for an s3:// lake; empty uses the standard AWS credential chain",
    secret: true,
  }),
  setting(["launcher", "collector", "console"], "AWS_SECRET_ACCESS_KEY", {
    description: "secret key for an s3:// lake",
    secret: true,
  }),
  setting(["launcher", "collector", "console"], "AWS_SESSION_TOKEN", {
    description: "session token for temporary S3 credentials",
    secret: true,
  }),
  setting(["launcher", "collector", "console"], "AWS_REGION", {
    description: "region of the S3 bucket",
    default: "us-east-1",
  }),
  setting(["launcher", "console"], "DATABASE_URL", {
    description:
      "postgres:// URL of the control database; empty makes the launcher start an embedded PostgreSQL",
    secret: true,
  }),
  setting(["launcher", "console"], "LENSAI_MIGRATE_DATABASE_URL", {
    description:
      "postgres:// URL by which the owner of the tables signs in, for migrations alone; the user of DATABASE_URL then owns nothing, and is made when it is not there",
    secret: true,
  }),
  // network
  setting(["launcher", "collector"], "LENSAI_BIND_ADDRESS", {
    description:
      "IP address to listen on; any address but loopback switches ingest without a key off and makes the console ask people to sign in",
    default: "127.0.0.1",
  }),
  setting(["launcher", "collector", "console"], "LENSAI_OTLP_HTTP_PORT", {
    description: "port of OTLP over HTTP (0 picks a free one)",
    default: "4318",
  }),
  setting(["launcher", "collector"], "LENSAI_OTLP_GRPC_PORT", {
    description: "port of OTLP over gRPC (0 picks a free one)",
    default: "4317",
  }),
  setting(["launcher"], "LENSAI_CONSOLE_PORT", {
    description: "port of the console",
    default: "3000",
  }),
  setting(["collector", "console"], "LENSAI_ALLOWED_HOSTS", {
    description:
      "comma-separated host names, besides localhost, that requests may name in their Host header; a collector looks at it on a loopback address, a console there and wherever the list is not empty",
  }),
  setting(["collector"], "LENSAI_CORS_ORIGINS", {
    description:
      "comma-separated browser origins (https://app.example.com) that may send telemetry; origins of browser keys are allowed without being listed",
  }),
  // keys and control
  setting(["launcher", "collector", "console"], "LENSAI_BOOTSTRAP_KEY", {
    description:
      "ingest key to accept for the default project, at least 16 characters; generated when empty",
    secret: true,
  }),
  setting(["launcher", "collector"], "LENSAI_CONTROL_URL", {
    description:
      "base URL of the console that serves the control snapshot; empty runs the collector alone with the default project",
  }),
  setting(["launcher", "collector", "console"], "LENSAI_CONTROL_TOKEN", {
    description: "token that collectors present to the console and that /internal/* asks for",
    secret: true,
  }),
  setting(["collector"], "LENSAI_CONTROL_INTERVAL_MS", {
    description:
      "milliseconds between two questions for the control snapshot where the console cannot push it, and before a lost connection is tried again",
    default: "2000",
  }),
  setting(["collector"], "LENSAI_CONTROL_PUBLIC_KEY", {
    description:
      "public key of the console, as its Audit page shows it (ed25519:...); empty trusts the key of the first snapshot, from then on",
  }),
  setting(["collector"], "LENSAI_CONTENT", {
    description:
      "message content of the default project while no console says otherwise: redacted or off",
    default: "redacted",
  }),
  // people
  setting(["console"], "LENSAI_OWNER_EMAIL", {
    description:
      "address of whoever owns the first organisation: may sign in without an invitation; needed wherever the console asks people to sign in",
  }),
  setting(["console"], "LENSAI_SMTP_URL", {
    description:
      "smtp:// or smtps:// URL of the server that mail is sent through, with user and password if it asks for them; without one, sign-in links are printed to the terminal",
    secret: true,
  }),
  setting(["console"], "LENSAI_MAIL_FROM", {
    description: "sender of mail, as in LensAI <lensai@example.com>; needed with LENSAI_SMTP_URL",
  }),
  setting(["console"], "LENSAI_AUTH_SECRET", {
    description:
      "secret that sessions are signed with, at least 32 characters; generated once and kept in the control database when empty",
    secret: true,
  }),
  setting(["launcher", "collector", "console"], "LENSAI_PRICES_FILE", {
    description:
      "JSON file of price overrides, read at start and whenever it changes; default is prices.json in the data folder",
  }),
  // alerts
  setting(["console"], "LENSAI_SECRETS_KEY", {
    description:
      "base64 of 32 bytes that seals stored secrets, such as the tokens of Slack apps; empty makes one in the data folder, and several consoles need the same one",
    secret: true,
  }),
  setting(["console"], "LENSAI_SLACK_API_URL", {
    description: "URL of Slack's Web API, ending in /",
    default: "https://slack.com/api/",
  }),
  setting(["console"], "LENSAI_STRIPE_API_URL", {
    description: "origin of Stripe's API",
    default: "https://api.stripe.com",
  }),
  setting(["console"], "LENSAI_WEBHOOK_ALLOW_PRIVATE", {
    description:
      "true or false: may webhooks go to http:// URLs and to addresses of this machine and its networks; empty means only where the console itself is bound to a loopback address",
  }),
  // limits
  setting(["collector"], "LENSAI_BODY_LIMIT_BYTES", {
    description: "largest request body in bytes, as received and after decompression",
    default: "67108864",
  }),
  setting(["collector"], "LENSAI_BODY_TIMEOUT_MS", {
    description: "milliseconds within which a whole request body must arrive",
    default: "30000",
  }),
  setting(["collector"], "LENSAI_IN_FLIGHT_BYTES_MAX", {
    description: "bytes of request bodies held in memory at once before new requests get 503",
    default: "268435456",
  }),
  setting(["collector"], "LENSAI_RATE_LIMIT_SPANS", {
    description: "records per second that one project may send; 0 means unlimited",
    default: "0",
  }),
  setting(["collector"], "LENSAI_RATE_LIMIT_REQUESTS", {
    description: "requests per second that one project may send; 0 means unlimited",
    default: "0",
  }),
  setting(["console"], "LENSAI_API_REQUESTS_PER_MINUTE", {
    description:
      "requests to /api/v1 that one project may make in a minute: so many that read, and as many that change something",
    default: "600",
  }),
  // landing
  setting(["collector"], "LENSAI_LANDING_INTERVAL_MS", {
    description: "milliseconds after which received spans are written to the lake",
    default: "2000",
  }),
  setting(["collector"], "LENSAI_WAL_SEGMENT_BYTES", {
    description: "size of one write-ahead log segment in bytes",
    default: "16777216",
  }),
  setting(["collector"], "LENSAI_WAL_BYTES_MAX", {
    description:
      "bytes that the write-ahead log may occupy while the lake is behind, before requests get 503",
    default: "1073741824",
  }),
  // how long it is kept
  setting(["console"], "LENSAI_RETENTION_DAYS", {
    description:
      "days for which records stay in the lake, counted from the day on which they began, 40 or more; then their files are deleted; empty keeps them for ever",
  }),
  setting(["console"], "LENSAI_CONTENT_RETENTION_DAYS", {
    description:
      "the same for captured message content, which lies in files of its own, 1 or more; empty keeps it as long as its records",
  }),
  setting(["console"], "LENSAI_CONTENT_BYTES_MAX", {
    description:
      "bytes of captured message content that stay in the lake, 134217728 (128 MiB) or more; beyond it the oldest goes; empty sets no limit",
  }),
  // export from an instrumented process
  setting(["instrumentation"], "LENSAI_API_KEY", {
    description: "ingest key of the project, sent as x-api-key",
    secret: true,
  }),
  setting(["instrumentation"], "LENSAI_SIGNING_KEY_ID", {
    description: "id of the secret that exports are signed with; needs LENSAI_SIGNING_SECRET",
  }),
  setting(["instrumentation"], "LENSAI_SIGNING_SECRET", {
    description: "secret that exports are signed with, as base64 or base64url of 32 to 128 bytes",
    secret: true,
  }),
  setting(["instrumentation"], "LENSAI_SIGNING_KEYS_FILE", {
    description:
      "file of signing secrets, used instead of the two variables: one or two lines of an id, a space and the secret; read again when it changes",
  }),
  setting(["instrumentation"], "LENSAI_POLICY_FILE", {
    description:
      "file with the budgets and kill-switches that calls are held to, instead of the collector's; read again when it changes",
  }),
  setting(["instrumentation"], "LENSAI_CONTROL_URL", {
    description:
      "http(s) URL of the policy that calls are held to; empty means /v1/control of the collector that spans go to",
  }),
  setting(["instrumentation"], "LENSAI_EXPORT_QUEUE_BYTES", {
    description: "bytes of spans held in memory while no collector takes them; then the oldest go",
    default: "33554432",
  }),
  setting(["instrumentation"], "LENSAI_SPILL_DIR", {
    description:
      "folder where spans wait on disk while no collector takes them, also for the next start; empty keeps them in memory alone",
  }),
  setting(["instrumentation"], "LENSAI_SPILL_BYTES_MAX", {
    description: "bytes that the folder may occupy; then the oldest go",
    default: "268435456",
  }),
];

/**
 * One sentence per `LENSAI_*` name in the environment that no process knows, with the nearest known
 * name when there is one. Other prefixes belong to other software and are not looked at.
 */
export function unknownSettingProblems(
  environment: Readonly<Record<string, string | undefined>>,
): string[] {
  const known = SETTINGS.map((spec) => spec.name);
  return Object.keys(environment)
    .filter((name) => name.startsWith("LENSAI_") && !known.includes(name))
    .sort()
    .map((name) => {
      const nearest = nearestName(name, known);
      return nearest === undefined
        ? `${name}: no such setting; remove it`
        : `${name}: no such setting; did you mean ${nearest}?`;
    });
}

/** More edits than this make a different word, not a typing mistake. */
const EDITS_MAX = 4;

function nearestName(name: string, known: readonly string[]): string | undefined {
  let best: string | undefined;
  let bestEdits = EDITS_MAX + 1;
  for (const candidate of known) {
    const edits = editDistance(name, candidate);
    if (edits < bestEdits) [best, bestEdits] = [candidate, edits];
  }
  return best;
}

/** Levenshtein distance. */
function editDistance(from: string, to: string): number {
  let previous = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let row = 1; row <= from.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= to.length; column += 1) {
      const substitution =
        (previous[column - 1] as number) + (from[row - 1] === to[column - 1] ? 0 : 1);
      current.push(
        Math.min(
          substitution,
          (previous[column] as number) + 1,
          (current[column - 1] as number) + 1,
        ),
      );
    }
    previous = current;
  }
  return previous[to.length] as number;
}

/** The entry of a setting. Throws RangeError for a name that is not a setting. */
export function settingSpec(name: string): SettingSpec {
  const spec = SETTINGS.find((entry) => entry.name === name);
  if (spec === undefined) throw new RangeError(`"${name}" is not a setting`);
  return spec;
}
