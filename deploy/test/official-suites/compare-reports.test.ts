import { expect, test } from "vitest";
import { compareReports } from "../../official-suites/compare-reports.ts";
import type { SuiteReport } from "../../official-suites/compare-reports.ts";

const reportOf = (tests: Readonly<Record<string, string>>, status = "passed"): SuiteReport => ({
  testResults: [
    {
      name: "a.test.ts",
      status,
      assertionResults: Object.entries(tests).map(([fullName, each]) => ({
        fullName,
        status: each,
      })),
    },
  ],
});

test("tests that end in another way with the instrumentation are told, whichever way", () => {
  const without = reportOf({ one: "passed", two: "failed", three: "passed", four: "pending" });
  const observed = reportOf({ one: "passed", two: "failed", three: "failed", five: "passed" });
  expect(compareReports(without, observed)).toEqual({
    passed: 2,
    ran: 4,
    failedWithout: ["a.test.ts: two"],
    differences: [
      "passed -> failed: a.test.ts: three",
      "pending -> absent: a.test.ts: four",
      "absent -> passed: a.test.ts: five",
    ],
  });
});

test("a file that fails before its first test is a difference", () => {
  const { differences } = compareReports(reportOf({}), reportOf({}, "failed"));
  expect(differences).toEqual(["passed -> failed: a.test.ts: the file itself"]);
});
