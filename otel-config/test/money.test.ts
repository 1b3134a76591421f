import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  addNanoUsd,
  divideHalfUp,
  formatUsd,
  parseUsd,
  scaleDecimal,
  usdDecimal,
} from "../src/money.ts";

const INT64 = { min: -(2n ** 63n), max: 2n ** 63n - 1n };

describe("addNanoUsd", () => {
  it("is unknown when either side is unknown, and known zero is not unknown", () => {
    expect(addNanoUsd(1n, 2n)).toBe(3n);
    expect(addNanoUsd(0n, 0n)).toBe(0n);
    expect(addNanoUsd(undefined, 2n)).toBeUndefined();
    expect(addNanoUsd(2n, undefined)).toBeUndefined();
  });
});

describe("divideHalfUp", () => {
  it.each([
    [1499n, 1000n, 1n],
    [1500n, 1000n, 2n],
    [499n, 1000n, 0n],
    [500n, 1000n, 1n],
    [-1500n, 1000n, -2n],
    [-1499n, 1000n, -1n],
    [1n, 3n, 0n],
    [2n, 3n, 1n],
    [0n, 1n, 0n],
    [7n, 1n, 7n],
  ])("rounds %d / %d to %d", (numerator, denominator, expected) => {
    expect(divideHalfUp(numerator, denominator)).toBe(expected);
  });

  it("is never further than one half from the exact quotient, and takes halves away from zero", () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }),
        fc.bigInt({ min: 1n, max: 10n ** 12n }),
        (numerator, denominator) => {
          const distance = 2n * (divideHalfUp(numerator, denominator) * denominator - numerator);
          const outward = numerator < 0n ? -distance : distance;
          expect(outward > -denominator && outward <= denominator).toBe(true);
        },
      ),
    );
  });
});

describe("parseUsd", () => {
  it.each([
    ["0.0000244", 24_400n],
    ["0", 0n],
    ["-0.5", -500_000_000n],
    ["+1.25", 1_250_000_000n],
    [".5", 500_000_000n],
    ["5.", 5_000_000_000n],
    [" 12 ", 12_000_000_000n],
    ["1e-7", 100n],
    ["2.5E3", 2_500_000_000_000n],
    ["0.0000000004", 0n],
    ["0.0000000005", 1n],
    ["0.0000000014999", 1n],
    ["9223372036.854775807", INT64.max],
    ["-9223372036.854775808", INT64.min],
  ])("reads %j exactly", (text, expected) => {
    expect(parseUsd(text)).toBe(expected);
  });

  it.each([
    "",
    " ",
    ".",
    "-",
    "abc",
    "NaN",
    "Infinity",
    "1,000",
    "$1",
    "0x10",
    "1e41",
    "1e-41",
    "1e99999999",
    "9223372036.854775808",
    "-9223372036.854775809",
    "1".repeat(65),
  ])("has no amount for %j", (text) => {
    expect(parseUsd(text)).toBeUndefined();
  });

  it("reads a number through its shortest decimal form", () => {
    expect(parseUsd(0.1 + 0.2)).toBe(300_000_000n);
    expect(parseUsd(1e-7)).toBe(100n);
    expect(parseUsd(0.0000244)).toBe(24_400n);
    expect(parseUsd(Number.NaN)).toBeUndefined();
    expect(parseUsd(Number.POSITIVE_INFINITY)).toBeUndefined();
  });

  it("reads back every amount that usdDecimal writes", () => {
    fc.assert(
      fc.property(fc.bigInt(INT64), (nano) => {
        expect(parseUsd(usdDecimal(nano))).toBe(nano);
      }),
    );
  });
});

describe("scaleDecimal", () => {
  it("scales 0.075 to 75 thousandths and not to the double beside it", () => {
    expect(scaleDecimal(0.075, 6)).toBe(75_000n);
    expect(scaleDecimal(0.003625, 6)).toBe(3_625n);
    expect(scaleDecimal(0.08333333333333334, 6)).toBe(83_333n);
    expect(scaleDecimal(0.18000000000000002, 6)).toBe(180_000n);
  });
});

describe("usdDecimal", () => {
  it("writes every digit and no more", () => {
    expect(usdDecimal(24_400n)).toBe("0.0000244");
    expect(usdDecimal(1n)).toBe("0.000000001");
    expect(usdDecimal(-1_500_000_000n)).toBe("-1.5");
    expect(usdDecimal(0n)).toBe("0");
    expect(usdDecimal(1_234_000_000_000n)).toBe("1234");
  });
});

describe("formatUsd", () => {
  it.each([
    [0n, "$0.00"],
    [1n, "$0.000000001"],
    [999n, "$0.000000999"],
    [24_400n, "$0.0000244"],
    [24_449n, "$0.0000244"],
    [24_450n, "$0.0000245"],
    [12_300_000n, "$0.0123"],
    [10_000_000n, "$0.01"],
    [500_000_000n, "$0.50"],
    [123_456_789n, "$0.123"],
    [999_499_999n, "$0.999"],
    [999_500_000n, "$1.00"],
    [1_000_000_000n, "$1.00"],
    [1_005_000_000n, "$1.01"],
    [1_004_999_999n, "$1.00"],
    [999_999_999_999n, "$1,000.00"],
    [1_234_567_890_000_000n, "$1,234,567.89"],
    [-24_400n, "-$0.0000244"],
    [-1_234_560_000_000n, "-$1,234.56"],
  ])("shows %d nano-USD as %s", (nano, expected) => {
    expect(formatUsd(nano)).toBe(expected);
  });

  it("shows an unknown amount as unknown, never as a number", () => {
    expect(formatUsd(undefined)).toBe("unknown");
    expect(formatUsd(undefined, "-")).toBe("-");
  });

  it("never shows an amount as zero unless it is zero", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 1n, max: 10n ** 15n }), (nano) => {
        expect(formatUsd(nano)).toMatch(/[1-9]/);
        expect(formatUsd(-nano)).toBe(`-${formatUsd(nano)}`);
      }),
    );
  });

  it("is off by at most half a cent from a dollar up, and by half of the third digit below", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 1n, max: 10n ** 15n }), (nano) => {
        const shown = parseUsd(formatUsd(nano).replaceAll(/[$,]/g, "")) ?? 0n;
        const error = shown > nano ? shown - nano : nano - shown;
        const bound = nano >= 10n ** 9n ? 5_000_000n : nano / 200n + 1n;
        expect(error <= bound).toBe(true);
      }),
    );
  });
});
