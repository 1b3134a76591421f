import { KEPT_FOR_EVER } from "@lensai/analytics/retention/retention-policy";
import type {
  AlertSettings,
  ConsoleSettings,
  LakeSettings,
  SecretSettings,
} from "#lib/server/settings.ts";

/** For consoles that are asked nothing about calls. */
export const NO_LAKE: LakeSettings = {
  url: "/nonexistent",
  region: "local",
  cacheFolder: "/nonexistent",
  retention: KEPT_FOR_EVER,
  s3: {
    endpoint: undefined,
    region: "us-east-1",
    accessKeyId: undefined,
    secretAccessKey: undefined,
    sessionToken: undefined,
  },
};

const SECRETS: SecretSettings = {
  secretsKey: Buffer.alloc(32, 7).toString("base64"),
  dataFolder: "/nonexistent",
};

/** Sends to nobody: the address of Slack's API has no listener. */
export const NO_ALERTS: AlertSettings = {
  slackApiUrl: "http://127.0.0.1:9/api/",
  mayWebhooksBePrivate: true,
};

/** Settings of a console on this machine; without a database until one is given. */
export function consoleSettings(
  lake: LakeSettings,
  values: Partial<ConsoleSettings> = {},
): ConsoleSettings {
  return {
    databaseUrl: "postgres://lensai:very-secret@127.0.0.1:1/none",
    migrateDatabaseUrl: undefined,
    lake,
    pricesFile: "/nonexistent/prices.json",
    bootstrapKey: undefined,
    controlToken: undefined,
    otlpHttpPort: "4318",
    dataDirOfCommands: undefined,
    apiRequestsPerMinute: 600,
    people: { ownerEmail: undefined, authSecret: undefined, publicOrigin: "http://localhost:3000" },
    mail: undefined,
    hostPolicy: { bindAddress: "127.0.0.1", origin: undefined, allowedHosts: [] },
    secrets: SECRETS,
    alerts: NO_ALERTS,
    // No listener either.
    stripeApiUrl: "http://127.0.0.1:9",
    ...values,
  };
}
