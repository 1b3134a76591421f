/**
 * Fuzzes the API of a whole installation with seeded data: schemathesis sends what the OpenAPI document allows and what
 * it does not, and every answer must be in the document, match its schema and be no fault of ours. Arguments go to
 * schemathesis. Ends with its exit code.
 */
import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { STRIPE_KEY, startStripeServer } from "../../console/test/support/stripe-server.ts";
import { launched, type LaunchedStack } from "../test/support/launched-stack.ts";
import { temporaryFolder } from "../test/support/temporary-folder.ts";
import { hasPython, runProgram, virtualEnvironment } from "../python/virtual-environment.ts";
import { fuzzConfig, type Known } from "./fuzz-config.ts";

const LOCK_FILE = join(import.meta.dirname, "requirements.txt");
/** For all phases together: long enough to meet every route some dozen times. */
const FUZZ_SECONDS = 100;
/** The largest of those that the seed makes. */
const PROJECT = "storefront";
const STRIPE_CUSTOMER = "cus_NffrFeUfNV2Hib";
/** Far above the pause between two landings. */
const LANDING_TIMEOUT_MS = 30_000;
const CONTROL_TOKEN = randomBytes(24).toString("hex");

process.exitCode = await main();

async function main(): Promise<number> {
  if (!(await hasPython())) return 1;
  const environment = await virtualEnvironment({ owner: import.meta.dirname, lockFile: LOCK_FILE });
  if (environment === undefined) return 1;
  const folder = temporaryFolder();
  const stripe = await startStripeServer();
  stripe.customers.add(STRIPE_CUSTOMER);
  const dataDir = join(folder.path, "data");
  const stack = await launched(dataDir, {
    LENSAI_CONTROL_TOKEN: CONTROL_TOKEN,
    LENSAI_API_REQUESTS_PER_MINUTE: "1000000",
    // Known by another name, the console lets nobody in who does not say who he is.
    LENSAI_ALLOWED_HOSTS: "lensai.example",
    // Whatever a fuzz makes up, Stripe itself is never asked.
    LENSAI_STRIPE_API_URL: stripe.url,
  });
  try {
    const seeding = await seed(stack, dataDir);
    if (seeding !== 0) return seeding;
    const configFile = join(folder.path, "schemathesis.toml");
    writeFileSync(configFile, fuzzConfig(PROJECT, await known(stack)));
    return await runProgram(
      join(environment.bin, "st"),
      [
        `--config-file=${configFile}`,
        "run",
        `${stack.consoleUrl}/api/v1/openapi.json`,
        `--header=Authorization: Bearer ${CONTROL_TOKEN}`,
        `--max-time=${FUZZ_SECONDS}`,
        ...process.argv.slice(2),
      ],
      { cwd: folder.path, env: { ...process.env, HYPOTHESIS_STORAGE_DIRECTORY: folder.path } },
    );
  } finally {
    await stack.stop();
    await stripe.stop();
    folder.remove();
  }
}

function seed(stack: LaunchedStack, dataDir: string): Promise<number> {
  return runProgram(
    process.execPath,
    [join(import.meta.dirname, "../seed/main.ts"), "--days=2", "--spans-per-day=200"],
    {
      env: {
        PATH: process.env["PATH"],
        LENSAI_DATA_DIR: dataDir,
        LENSAI_CONTROL_TOKEN: CONTROL_TOKEN,
        LENSAI_CONSOLE_PORT: new URL(stack.consoleUrl).port,
        LENSAI_OTLP_HTTP_PORT: new URL(stack.otlpHttpUrl).port,
      },
    },
  );
}

/** What is there, so that the fuzz does not only ask for what is not. */
async function known(stack: LaunchedStack): Promise<Known> {
  const budgets = `/projects/${PROJECT}/budgets`;
  const spareProject = await created(stack, "/organizations/default/projects", {
    id: "spare",
    name: "Spare",
  });
  return {
    ...(await knownIds(stack)),
    stripeKey: STRIPE_KEY,
    stripeCustomer: STRIPE_CUSTOMER,
    budgetId: await created(stack, budgets, { name: "Kept", limitNanoUsd: "1000000000" }),
    spare: {
      projectId: spareProject,
      budgetId: await created(stack, budgets, { name: "Spare", limitNanoUsd: "1000000000" }),
    },
  };
}

/** Answers the id of what was created. */
async function created({ consoleUrl }: LaunchedStack, path: string, body: object): Promise<string> {
  const answer = await fetch(`${consoleUrl}/api/v1${path}`, {
    method: "POST",
    headers: { authorization: `Bearer ${CONTROL_TOKEN}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  const { id } = (await answer.json()) as { id?: string };
  if (id === undefined) throw new Error(`POST ${path} answers ${answer.status} and no id`);
  return id;
}

interface CallsPage {
  readonly items?: Known["calls"];
  readonly nextCursor?: string | null;
}

/** Ids of one seeded trace, so that look-ups find something. */
async function knownIds({
  consoleUrl,
}: LaunchedStack): Promise<Pick<Known, "calls" | "nextCursor">> {
  const url = `${consoleUrl}/api/v1/projects/${PROJECT}/calls?limit=5`;
  const deadlineMs = Date.now() + LANDING_TIMEOUT_MS;
  for (;;) {
    const answer = await fetch(url, { headers: { authorization: `Bearer ${CONTROL_TOKEN}` } });
    const page = (await answer.json()) as CallsPage;
    const { items = [], nextCursor = null } = page;
    if (items.length > 0) return { calls: items, nextCursor };
    if (Date.now() > deadlineMs) throw new Error(`no seeded call has landed: ${answer.status}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}
