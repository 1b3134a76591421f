import { describe, expect, it } from "vitest";
import { record, missing, reported, verdictsOf } from "./sample-records.ts";

const scope = "@lensai/instrumentation";
const deferred = `${scope}/deferred`;

const fetched = (id: string, sample = {}) =>
  record(id, {
    scope: deferred,
    responseId: "resp_1",
    usage: reported(900, 80),
    lastsMs: 90_000,
    ...sample,
  });

describe("an answer that was fetched after its request", () => {
  const asked = record("asked", { scope, responseId: "resp_1", usage: missing, lastsMs: 200 });
  it("is the call of the request that asked for it, and its counts are billed", () => {
    expect(verdictsOf([asked, fetched("fetched")])).toEqual({
      asked: "same_response -> fetched",
      fetched: "call",
    });
  });

  it("is billed once, whoever fetches it how often", () => {
    const again = [fetched("first"), fetched("second"), fetched("by another", { service: "jobs" })];
    expect(verdictsOf([asked, ...again])).toMatchObject({
      first: "same_response -> by another",
      second: "same_response -> by another",
      "by another": "call",
    });
  });

  it("is another call when it has another id, other counts, or other times", () => {
    const others = [
      fetched("one"),
      fetched("other id", { responseId: "resp_2" }),
      fetched("other counts", { usage: reported(901, 80) }),
      fetched("other time", { atMs: 1 }),
    ];
    expect(new Set(Object.values(verdictsOf(others)))).toEqual(new Set(["call"]));
  });

  it("is no reason to join two logs of one moment", () => {
    const logs = [fetched("one", { signal: "log" }), fetched("two", { signal: "log" })];
    expect(new Set(Object.values(verdictsOf(logs)))).toEqual(new Set(["call"]));
  });
});
