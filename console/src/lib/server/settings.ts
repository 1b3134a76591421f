import { join, resolve } from "node:path";
import * as environment from "$app/env/private";
import { PRICE_FILE_NAME } from "@lensai/analytics/prices/price-file";
import { retentionProblem } from "@lensai/analytics/retention/retention-policy";
import type { RetentionPolicy } from "@lensai/analytics/retention/retention-policy";
import { LensError } from "@lensai/otel-config/errors";
import { settingSpec, unknownSettingProblems } from "@lensai/otel-config/settings";
import { isLoopbackAddress, type HostPolicy } from "./http/allowed-host.ts";
import type { MailSettings } from "./mail/mailer.ts";

/** What the console is told by its operator; parsed and checked by src/env.ts. */
export interface ConsoleSettings {
  readonly databaseUrl: string;
  /** Of the owner of the tables; undefined: the same as `databaseUrl`. */
  readonly migrateDatabaseUrl: string | undefined;
  readonly lake: LakeSettings;
  /** Overrides of prices; the file need not be there. */
  readonly pricesFile: string;
  readonly bootstrapKey: string | undefined;
  readonly controlToken: string | undefined;
  readonly otlpHttpPort: string;
  /** What commands on this machine must be told to find the data; undefined: nothing, or they run elsewhere. */
  readonly dataDirOfCommands: string | undefined;
  readonly people: PeopleSettings;
  /** Undefined: this console sends no mail. */
  readonly mail: MailSettings | undefined;
  /** Reads, and apart from them changes, that a project may ask of /api in a minute. */
  readonly apiRequestsPerMinute: number;
  readonly hostPolicy: HostPolicy;
  readonly secrets: SecretSettings;
  readonly alerts: AlertSettings;
  /** Of Stripe, or a stand-in. */
  readonly stripeApiUrl: string;
}

/** What secrets in the database are sealed with. */
export interface SecretSettings {
  /** Undefined: a file in the data folder. */
  readonly secretsKey: string | undefined;
  readonly dataFolder: string;
}

export interface AlertSettings {
  readonly slackApiUrl: string;
  /** May webhooks go to this machine and its networks? */
  readonly mayWebhooksBePrivate: boolean;
}

export interface PeopleSettings {
  /** In lower case. Owner of the default organisation from the first sign-in on. */
  readonly ownerEmail: string | undefined;
  /** What sessions are signed with; undefined: the one in the database. */
  readonly authSecret: string | undefined;
  /**
   * Where links in mails lead. Never taken from a request: a forged Host header would send the token of somebody
   * else's sign-in to the forger.
   */
  readonly publicOrigin: string;
}

export interface LakeSettings {
  readonly url: string;
  readonly region: string;
  /** Where fetched objects are kept when the lake is not a folder. */
  readonly cacheFolder: string;
  readonly retention: RetentionPolicy;
  readonly s3: {
    readonly endpoint: string | undefined;
    readonly region: string;
    readonly accessKeyId: string | undefined;
    readonly secretAccessKey: string | undefined;
    readonly sessionToken: string | undefined;
  };
}

/** Refuses LENSAI_* names that no process knows: most are misspelt settings that would have no effect. */
export function refuseUnknownSettings(
  variables: Readonly<Record<string, string | undefined>>,
): void {
  const problems = unknownSettingProblems(variables);
  if (problems.length === 0) return;
  throw new LensError("config.invalid", `the console cannot start:\n${problems.join("\n")}`);
}

/** Of adapter-node. */
const DEFAULT_PORT = "3000";

function readMailSettings(
  smtpUrl: string | undefined,
  from: string | undefined,
): MailSettings | undefined {
  if (smtpUrl === undefined) return undefined;
  if (from === undefined) {
    throw new LensError(
      "config.invalid",
      "the console cannot start: LENSAI_SMTP_URL needs LENSAI_MAIL_FROM, the sender of its mail",
    );
  }
  return { smtpUrl, from };
}

function readRetention(): RetentionPolicy {
  const policy = {
    recordDays: environment.LENSAI_RETENTION_DAYS,
    contentDays: environment.LENSAI_CONTENT_RETENTION_DAYS,
    contentBytesMax: environment.LENSAI_CONTENT_BYTES_MAX,
  };
  const problem = retentionProblem(policy);
  if (problem !== undefined) {
    throw new LensError("config.invalid", `the console cannot start: ${problem}`);
  }
  return policy;
}

export function readSettings(): ConsoleSettings {
  const dataFolder = resolve(environment.LENSAI_DATA_DIR);
  return {
    // Only a build has no database; it never calls this.
    databaseUrl: environment.DATABASE_URL ?? "",
    migrateDatabaseUrl: environment.LENSAI_MIGRATE_DATABASE_URL,
    lake: {
      url: environment.LENSAI_LAKE_URL ?? join(dataFolder, "lake"),
      region: environment.LENSAI_REGION,
      cacheFolder: join(dataFolder, "cache", "console"),
      retention: readRetention(),
      s3: {
        endpoint: environment.LENSAI_S3_ENDPOINT,
        region: environment.AWS_REGION,
        accessKeyId: environment.AWS_ACCESS_KEY_ID,
        secretAccessKey: environment.AWS_SECRET_ACCESS_KEY,
        sessionToken: environment.AWS_SESSION_TOKEN,
      },
    },
    pricesFile: environment.LENSAI_PRICES_FILE ?? join(dataFolder, PRICE_FILE_NAME),
    bootstrapKey: environment.LENSAI_BOOTSTRAP_KEY,
    controlToken: environment.LENSAI_CONTROL_TOKEN,
    otlpHttpPort: environment.LENSAI_OTLP_HTTP_PORT,
    dataDirOfCommands: unusualDataDir(dataFolder),
    people: {
      ownerEmail: environment.LENSAI_OWNER_EMAIL,
      authSecret: environment.LENSAI_AUTH_SECRET,
      publicOrigin: new URL(
        environment.ORIGIN ?? `http://localhost:${environment.PORT ?? DEFAULT_PORT}`,
      ).origin,
    },
    mail: readMailSettings(environment.LENSAI_SMTP_URL, environment.LENSAI_MAIL_FROM),
    apiRequestsPerMinute: environment.LENSAI_API_REQUESTS_PER_MINUTE,
    hostPolicy: {
      bindAddress: environment.HOST,
      origin: environment.ORIGIN,
      allowedHosts: environment.LENSAI_ALLOWED_HOSTS,
    },
    secrets: { secretsKey: environment.LENSAI_SECRETS_KEY, dataFolder },
    alerts: readAlertSettings(),
    stripeApiUrl: environment.LENSAI_STRIPE_API_URL,
  };
}

/** Commands run in the checkout, one folder above the one that the console runs in. */
function unusualDataDir(dataFolder: string): string | undefined {
  const usual = resolve("..", settingSpec("LENSAI_DATA_DIR").default ?? "");
  return isLoopbackAddress(environment.HOST) && dataFolder !== usual ? dataFolder : undefined;
}

function readAlertSettings(): AlertSettings {
  const isLocal = isLoopbackAddress(environment.HOST);
  return {
    slackApiUrl: environment.LENSAI_SLACK_API_URL,
    mayWebhooksBePrivate: environment.LENSAI_WEBHOOK_ALLOW_PRIVATE ?? isLocal,
  };
}
