import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { keyPairOf } from "@lensai/otel-config/signing/ed25519";
import { chargeOf } from "@lensai/otel-config/statements/charge";
import { STATEMENT_TYPE, sealStatement, totalOf } from "@lensai/otel-config/statements/statement";
import { beforeEach, expect, it } from "vitest";
import { appendRows } from "../../src/lake/append.ts";
import { openLake } from "../../src/lake/open-lake.ts";
import { openStore } from "../../src/object-store/open-store.ts";
import { DAY_MS, batchOf, spanRow } from "../support/span-rows.ts";
import { useCli } from "./cli.ts";

const cli = useCli();
const KEY = keyPairOf(Buffer.alloc(32, 7));
const COST_NANO_USD = 2_500_000_000n;

beforeEach(async () => {
  const store = await openStore(join(cli.folder, "data", "lake"));
  const lake = openLake({ store, region: "local" });
  const rows = [
    spanRow(0, { tenant: "acme", cost_nano_usd: COST_NANO_USD }),
    spanRow(1, { tenant: "globex", cost_nano_usd: 1n }),
  ];
  await appendRows(lake, batchOf(rows), { name: "c-0", landedAt: new Date(DAY_MS) });
  await store.close();
});

async function statement(values: { calls?: number; costNanoUsd?: bigint } = {}): Promise<void> {
  const { calls = 1, costNanoUsd = COST_NANO_USD } = values;
  const { amountNanoUsd, amountMicroUsd } = chargeOf(costNanoUsd, 1000);
  const line = {
    day: "2026-03-02",
    calls,
    unpricedCalls: 0,
    costNanoUsd: costNanoUsd.toString(),
    estimatedNanoUsd: "0",
    markupBasisPoints: 1000,
    amountNanoUsd: amountNanoUsd.toString(),
    meteredMicroUsd: amountMicroUsd.toString(),
    meterEvents: [
      {
        identifier: "lensai-2026-03-02-1",
        customerId: "cus_1",
        valueMicroUsd: amountMicroUsd.toString(),
        sentAt: null,
      },
    ],
  };
  const sealed = sealStatement(
    {
      type: STATEMENT_TYPE,
      formatVersion: 1,
      projectId: "p1",
      tenant: "acme",
      firstDay: "2026-03-01",
      lastDay: "2026-03-31",
      madeAt: "2026-04-01T00:00:00.000Z",
      lines: [line],
      total: totalOf([line]),
    },
    KEY,
  );
  await writeFile(join(cli.folder, "statement.json"), `${sealed}\n`);
}

it("says what is intact, by whom, and what that does not prove", async () => {
  await statement();
  const report = await cli.run("verify", "statement", "statement.json");
  expect(report).toContain(
    "intact: acme of project p1, 2026-03-01 to 2026-03-31: $2.75 for 1 calls on 1 days, $2.75 metered",
  );
  expect(report).toContain(`signed by ${KEY.keyId}`);
  expect(report).toContain("not proven: whose key it is");
  const strict = ["verify", "statement", "statement.json", "--key", KEY.keyId];
  expect(await cli.run(...strict)).not.toContain("whose key");
});

const recount = (): Promise<string> =>
  cli.run("verify", "statement", "statement.json", "--recount");

it("counts each day again from the lake", async () => {
  await statement();
  expect(await recount()).toContain("counted again from the lake: each day comes to the same");
  await statement({ costNanoUsd: COST_NANO_USD + 1n });
  await expect(recount()).rejects.toThrow(
    /2026-03-02: the lake has 1 calls for 2500000000 nano-USD, the statement 1 for 2500000001/,
  );
  await statement({ calls: 2 });
  await expect(recount()).rejects.toMatchObject({ code: "statement.not_intact" });
});

it("refuses files that are no statement, and keys that are none", async () => {
  await writeFile(join(cli.folder, "statement.json"), "{}");
  const verify = ["verify", "statement", "statement.json"];
  await expect(cli.run(...verify)).rejects.toMatchObject({ code: "statement.not_intact" });
  await expect(cli.run("verify", "statement", "absent.json")).rejects.toThrow("ENOENT");
  await expect(cli.run(...verify, "--key", "abc")).rejects.toThrow("is not a public key");
});
