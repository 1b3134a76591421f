import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { LakeThread } from "@lensai/analytics/upkeep/lake-thread";
import { createAlerts, type Alerts } from "./alerts/alerts.ts";
import { createBilling, type Billing } from "./billing/billing.ts";
import { createSignIn, type SignIn } from "./auth/sign-in.ts";
import type { InstallationTrouble } from "./alerts/evaluate/installation-alerts.ts";
import { RateLimiter } from "./api/rate-limit.ts";
import { createControlPush, type ControlPush } from "./control/control-push.ts";
import { openDatabase, type Database } from "./db/client.ts";
import { createLakeReader, storeSettings, type LakeReader } from "./lake/lake-reader.ts";
import { createLakeJobs, type LakeJobs } from "./lake/lake-jobs.ts";
import { Settlement } from "./lake/settlement.ts";
import { createLiveFeed, type LiveFeed } from "./lake/live-feed.ts";
import { createMailer, type Mailer } from "./mail/mailer.ts";
import { createPriceBookFile, type PriceBookFile } from "./prices/price-book-file.ts";
import { prepareDatabase, reasonOf, type DatabasePreparation } from "./prepare-database.ts";
import type { ServiceContext } from "./services/context.ts";
import { createSecretBox } from "./secrets/secret-box.ts";
import { secretsKey } from "./secrets/secrets-key.ts";
import { readControlVersion } from "./services/snapshot/build.ts";
import type { ConsoleSettings } from "./settings.ts";
import { withTimeout } from "./with-timeout.ts";

/** The parts of a running console; every route gets them as `locals.console`. */
export interface Console {
  readonly settings: ConsoleSettings;
  readonly services: ServiceContext;
  readonly lake: LakeReader;
  readonly prices: PriceBookFile;
  readonly live: LiveFeed;
  readonly settlement: Settlement;
  /** Undefined: no mail server is configured. */
  readonly mailer: Mailer | undefined;
  readonly control: ControlPush;
  readonly alerts: Alerts;
  readonly billing: Billing;
  readonly signIn: SignIn;
  /** Of requests to /api. */
  readonly apiRates: RateLimiter;
  /** Begins to prepare the database; does not wait for it. */
  start(): void;
  /** What cannot be read now, one sentence per part; empty when everything can. */
  problems(): Promise<readonly string[]>;
  /** What does not keep the console from working and should be seen to, one sentence each. */
  warnings(): readonly string[];
  /** What the rights of the database's user do not allow; undefined when nothing is missing. */
  databaseWarning(): string | undefined;
  /** Resolves when the database is usable or `timeoutMs` is over. */
  databaseReady(timeoutMs: number): Promise<boolean>;
  endStreams(): void;
  /** Safe twice and before start. */
  stop(): Promise<void>;
}

/** A readiness answer that takes longer is "not ready". */
const CHECK_TIMEOUT_MS = 3000;

export function createConsole(settings: ConsoleSettings): Console {
  const parts = createParts(settings);
  const { database, services, lake, live, settlement, control, jobs, mailer, alerts } = parts;
  const { billing, signIn } = parts;
  let preparation: DatabasePreparation | undefined;

  return {
    settings,
    services,
    lake,
    prices: createPriceBookFile(settings.pricesFile, services.db),
    live,
    settlement,
    mailer,
    control,
    alerts,
    billing,
    signIn,
    apiRates: new RateLimiter(),
    start: () => {
      preparation ??= prepareDatabase({
        databaseUrl: settings.databaseUrl,
        migrateDatabaseUrl: settings.migrateDatabaseUrl,
        bootstrapKey: settings.bootstrapKey,
        client: database,
        context: services,
      });
      void startWhenPrepared(preparation, [live, control, alerts, billing, jobs]);
    },
    warnings: () => [
      ...jobs.warnings(),
      ...warningOf("alerts are not sent", alerts.problem()),
      ...warningOf("customers are not charged", billing.problem()),
      ...warningOf("rights are missing", preparation?.warning()),
    ],
    databaseWarning: () => preparation?.warning(),
    problems: async () => {
      const postgres = databaseProblem(services, preparation);
      const found = await Promise.all([postgres, failureOf("lake", lake.refresh())]);
      return found.filter((problem) => problem !== undefined);
    },
    databaseReady: async (timeoutMs) => {
      if (preparation === undefined) return false;
      await withTimeout(preparation.prepared, timeoutMs).catch(() => undefined);
      return preparation.problem() === undefined;
    },
    endStreams: () => {
      control.endStreams();
      void live.stop();
    },
    stop: async () => {
      preparation?.stop();
      await Promise.all([live.stop(), jobs.stop(), control.stop(), alerts.stop(), billing.stop()]);
      mailer?.close();
      await Promise.all([lake.close(), database.close()]);
    },
  };
}

/** Their tables come with the preparation. */
async function startWhenPrepared(
  { prepared }: DatabasePreparation,
  parts: readonly { start(): void }[],
): Promise<void> {
  await prepared;
  for (const part of parts) part.start();
}

/** Everything there is, not started. */
function createParts(settings: ConsoleSettings) {
  const database = openDatabase(settings.databaseUrl);
  const services = serviceContext(database.db);
  const lake = createLakeReader(settings.lake);
  const live = createLiveFeed({ lookForNews: () => lake.lookForNews() });
  const settlement = new Settlement({ ...services, lake, retention: settings.lake.retention });
  const jobs = createLakeJobs({
    services,
    thread: lakeThread(settings),
    settlement,
    onSettled: (projectIds) => alerts.settled(projectIds),
    onCorrected: () => live.wake(),
  });
  live.follow(() => jobs.landed());
  const mailer = settings.mail && createMailer(settings.mail);
  const { people } = settings;
  const { publicOrigin } = people;
  const signIn = createSignIn({ context: services, people, mailer, say: sayAtTerminal });
  const key = secretsKey(settings.secrets.secretsKey, settings.secrets.dataFolder);
  const secrets = createSecretBox(key, services.randomBytes);
  const { stripeApiUrl } = settings;
  const billing = createBilling({ services, secrets, lake, stripeApiUrl });
  const alerts = createAlerts({
    settings: settings.alerts,
    services,
    secrets,
    mailer,
    publicOrigin,
    lake,
    follow: (notify) => live.follow(notify),
    troubles: async () => lakeTroubles(jobs),
  });
  const control = createControlPush(settings.databaseUrl, services, {
    onAlerts: () => alerts.wake(),
    onControl: () => {
      jobs.reconsider();
      alerts.reconsider();
    },
    onLanding: () => live.wake(),
  });
  return {
    database,
    services,
    lake,
    live,
    settlement,
    jobs,
    mailer,
    alerts,
    billing,
    signIn,
    control,
  };
}

/** Standard output is for the operator; the log is standard error. */
const sayAtTerminal = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

const serviceContext = (db: Database): ServiceContext => ({
  db,
  now: () => new Date(),
  randomBytes: (length) => randomBytes(length),
});

function lakeTroubles(jobs: LakeJobs): readonly InstallationTrouble[] {
  const found = [
    { trouble: "review_failing", reason: jobs.reviewProblem() },
    { trouble: "seal_failing", reason: jobs.sealProblem() },
  ] as const;
  return found.filter(({ reason }) => reason !== undefined);
}

const warningOf = (what: string, problem: string | undefined): readonly string[] =>
  problem === undefined ? [] : [`${what}: ${problem}`];

/** Started with the first piece of work. */
function lakeThread({ lake, pricesFile }: ConsoleSettings): LakeThread {
  return new LakeThread({
    lakeUrl: lake.url,
    store: storeSettings(lake),
    region: lake.region,
    cacheFolder: join(lake.cacheFolder, "review"),
    workFolder: join(lake.cacheFolder, "merging"),
    pricesFile,
    retention: lake.retention,
    writer: `review-${randomBytes(4).toString("hex")}`,
  });
}

async function databaseProblem(
  { db }: ServiceContext,
  preparation: DatabasePreparation | undefined,
): Promise<string | undefined> {
  const problem = preparation === undefined ? "it was not started" : preparation.problem();
  if (problem !== undefined) return `postgres: ${problem}`;
  return failureOf("postgres", readControlVersion(db));
}

async function failureOf(part: string, check: Promise<unknown>): Promise<string | undefined> {
  try {
    await withTimeout(check, CHECK_TIMEOUT_MS);
    return undefined;
  } catch (error) {
    return `${part}: ${reasonOf(error)}`;
  }
}
