import { describe, expect, test } from "vitest";
import { isBreakOff } from "../../src/billing/break-off.ts";

const NOTHING = { type: "", message: "", exceptionMessage: "" };
const ofType = (type: string): boolean => isBreakOff({ ...NOTHING, type });
const saying = (message: string): boolean => isBreakOff({ ...NOTHING, message });
const thrown = (exceptionMessage: string): boolean => isBreakOff({ ...NOTHING, exceptionMessage });

describe("an error that says that the caller left, or that the line broke, is no refusal", () => {
  test.each([
    "GeneratorExit",
    "builtins.GeneratorExit",
    "asyncio.exceptions.CancelledError",
    "KeyboardInterrupt",
    "AbortError",
    "httpx.ReadTimeout",
    "java.util.concurrent.CancellationException",
    "System.Threading.Tasks.TaskCanceledException",
    "grpc::Cancelled",
    "TIMEOUT",
    // Of an answer that came.
    "AI_NoObjectGeneratedError",
  ])("by its type: %s", (type) => {
    expect(ofType(type)).toBe(true);
  });

  test.each([
    "GeneratorExit()",
    "asyncio.exceptions.CancelledError: the task was stopped",
    "CancelledError",
    // Where no content is kept.
    "GeneratorExit*****",
  ])("by the name it begins with: %s", (words) => {
    expect(saying(words)).toBe(true);
    expect(thrown(words)).toBe(true);
  });

  test("by the name that an exception's message begins with, however long it is", () => {
    const words = `GeneratorExit()Traceback (most recent call last):\n${"x".repeat(500)}`;
    expect(thrown(words)).toBe(true);
    // A long status is not kept where no content is.
    expect(saying(words)).toBe(false);
  });

  test.each([
    "terminated",
    'Post "https://api.openai.com/v1/chat/completions": context canceled',
    "unexpected EOF",
  ])("by its words: %s", (words) => {
    expect(saying(words)).toBe(true);
    // What an exception says may be content.
    expect(thrown(words)).toBe(false);
  });
});

describe("what the provider refused stays refused", () => {
  test.each(["RateLimitError", "openai.BadRequestError", "500", "TypeError", "", "Generator.Exit"])(
    "by its type: %s",
    (type) => {
      expect(ofType(type)).toBe(false);
    },
  );

  test.each([
    "RateLimitError(\"Error code: 429 - {'error': {'message': 'refused 3'}}\")Traceback",
    "fetch failed",
    "Connection error.",
    // A provider may write anything about what it was asked, at any length.
    `Error code: 400 - the prompt says: the mission was aborted ${"x".repeat(200)}`,
    "The prompt is about a GeneratorExit() in Python",
  ])("by its words: %s", (words) => {
    expect(saying(words)).toBe(false);
    expect(thrown(words)).toBe(false);
  });
});
