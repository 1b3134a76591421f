import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { keyPairOf } from "../../src/signing/ed25519.ts";
import { seal } from "../../src/signing/envelope.ts";
import { chargeOf } from "../../src/statements/charge.ts";
import { STATEMENT_TYPE, sealStatement, totalOf } from "../../src/statements/statement.ts";
import type { Statement, StatementLine } from "../../src/statements/statement.ts";
import { verifyStatement } from "../../src/statements/verify-statement.ts";

const KEY = keyPairOf(Buffer.alloc(32, 7));

function lineOf(day: string, costNanoUsd: bigint, markupBasisPoints = 2000): StatementLine {
  const { amountNanoUsd, amountMicroUsd } = chargeOf(costNanoUsd, markupBasisPoints);
  return {
    day,
    calls: 3,
    unpricedCalls: 1,
    costNanoUsd: costNanoUsd.toString(),
    estimatedNanoUsd: "0",
    markupBasisPoints,
    amountNanoUsd: amountNanoUsd.toString(),
    meteredMicroUsd: amountMicroUsd.toString(),
    meterEvents: [
      {
        identifier: `lensai-${day}-1`,
        customerId: "cus_1",
        valueMicroUsd: amountMicroUsd.toString(),
        sentAt: "2026-11-20T00:00:00.000Z",
      },
    ],
  };
}

function statementOf(lines: readonly StatementLine[], values: Partial<Statement> = {}): Statement {
  return {
    type: STATEMENT_TYPE,
    formatVersion: 1,
    projectId: "shop",
    tenant: "acme",
    firstDay: "2026-11-01",
    lastDay: "2026-11-30",
    madeAt: "2026-12-01T00:00:00.000Z",
    lines,
    total: values.total ?? totalOf(lines),
    ...values,
  };
}

const LINES = [lineOf("2026-11-03", 1_000_000_001n), lineOf("2026-11-04", 499n)];

describe("charge", () => {
  test("adds the markup and rounds to nano-USD, then to micro-USD, halves up", () => {
    expect(chargeOf(1_000_000_000n, 2000)).toEqual({
      amountNanoUsd: 1_200_000_000n,
      amountMicroUsd: 1_200_000n,
    });
    expect(chargeOf(1n, 5000)).toEqual({ amountNanoUsd: 2n, amountMicroUsd: 0n });
    expect(chargeOf(500n, 0)).toEqual({ amountNanoUsd: 500n, amountMicroUsd: 1n });
  });
});

describe("verify", () => {
  test("takes what was signed, and says by whom", () => {
    const { statement, keyId } = verifyStatement(sealStatement(statementOf(LINES), KEY));
    expect(keyId).toBe(KEY.keyId);
    expect(statement.total).toMatchObject({ calls: 6, amountNanoUsd: "1200000600" });
  });

  test("takes what holds of any amounts", () => {
    const amounts = fc.array(
      fc.tuple(fc.bigInt({ min: 0n, max: 10n ** 18n }), fc.integer({ min: 0, max: 1_000_000 })),
      { maxLength: 9 },
    );
    fc.assert(
      fc.property(amounts, (costs) => {
        const lines = costs.map(([cost, markup], index) =>
          lineOf(`2026-11-0${index + 1}`, cost, markup),
        );
        expect(verifyStatement(sealStatement(statementOf(lines), KEY)).statement.lines).toEqual(
          lines,
        );
      }),
    );
  });

  const changed = (values: Partial<StatementLine>): Statement => {
    const lines = [{ ...(LINES[0] as StatementLine), ...values }];
    return statementOf(lines, { total: totalOf(LINES) });
  };
  test.each([
    [
      "a charge beyond cost and markup",
      changed({ amountNanoUsd: "9" }),
      /come to 1200000001 nano-USD/,
    ],
    ["more metered than charged", changed({ meteredMicroUsd: "9" }), /9 micro-USD are metered/],
    ["meter events that are missing", changed({ meterEvents: [] }), /meter events come to 0/],
    ["digits that are none", changed({ costNanoUsd: "1e9" }), /cannot be read/],
    ["a day twice", statementOf([LINES[0], LINES[0]] as StatementLine[]), /comes after/],
    ["a day of another month", changed({ day: "2026-12-01" }), /not one of the days/],
    [
      "another total",
      statementOf(LINES, { total: totalOf([]) }),
      /the days come to calls 6, not 0/,
    ],
    ["another format", statementOf(LINES, { formatVersion: 2 as 1 }), /format version 2/],
  ])("refuses %s, although it is signed", (_what, statement, problem) => {
    expect(() => verifyStatement(sealStatement(statement, KEY))).toThrow(problem);
  });

  test("refuses what was changed after, what another key has signed, and other documents", () => {
    const sealed = sealStatement(statementOf(LINES), KEY);
    const envelope = JSON.parse(sealed) as { payload: string };
    const payload = Buffer.from(envelope.payload, "base64").toString().replace("acme", "evil");
    const forged = { ...envelope, payload: Buffer.from(payload).toString("base64") };
    expect(() => verifyStatement(JSON.stringify(forged))).toThrow("was changed");
    const other = keyPairOf(Buffer.alloc(32, 8)).keyId;
    expect(() => verifyStatement(sealed, other)).toThrow("not by");
    const head = seal("application/vnd.lensai.audit-head+json", "{}", KEY);
    expect(() => verifyStatement(head)).toThrow("the envelope holds");
    expect(() => verifyStatement("{}")).toThrow("not a signed envelope");
  });
});
