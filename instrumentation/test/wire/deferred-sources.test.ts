import { describe, expect, test } from "vitest";
import { deferredSourceAt } from "../../src/wire/deferred/deferred-sources.ts";
import type { FoundAnswers } from "../../src/wire/deferred/deferred-source.ts";

function found(path: string, body: unknown): FoundAnswers | undefined {
  const source = deferredSourceAt(path);
  const name = source?.path.exec(path)?.groups?.["name"] ?? "";
  return source?.find(body, name);
}

const RESPONSE = {
  id: "resp_1",
  object: "response",
  background: true,
  created_at: 1_790_000_000,
  completed_at: 1_790_000_090,
  status: "completed",
  usage: { input_tokens: 10, output_tokens: 4 },
};

describe("a response that was made in the background", () => {
  test("is found with the provider's own times, whole or in the event that ends a stream", () => {
    const answer = {
      kind: "background",
      body: RESPONSE,
      startMs: 1_790_000_000_000,
      endMs: 1_790_000_090_000,
    };
    for (const body of [RESPONSE, { type: "response.completed", response: RESPONSE }])
      expect(found("/v1/responses/resp_1", body)).toMatchObject({ answers: [answer] });
  });

  test.each([
    ["is not done", { ...RESPONSE, status: "in_progress", usage: null }],
    ["has used nothing", { ...RESPONSE, status: "failed", usage: null }],
    ["was answered while its request waited", { ...RESPONSE, background: false }],
    ["is another event", { type: "response.output_text.delta", delta: "Hi" }],
    ["is nothing", null],
  ])("is not found when it %s", (_, body) => {
    expect(found("/v1/responses/resp_1", body)).toEqual({ answers: [] });
  });
});

describe("an interaction", () => {
  const interaction = {
    id: "v1_1",
    status: "completed",
    created: "2026-09-21T14:13:20Z",
    updated: "2026-09-21T14:14:50Z",
    usage: { total_input_tokens: 10 },
  };

  test("is known by having been unfinished before", () => {
    const waiting = { ...interaction, status: "in_progress", usage: undefined };
    expect(found("/v1beta/interactions/v1_1", waiting)).toEqual({
      answers: [],
      unfinished: ["v1_1"],
    });
    expect(found("/v1beta/interactions/v1_1", interaction)).toMatchObject({
      answers: [{ startMs: 1_790_000_000_000, endMs: 1_790_000_090_000, isKnownByWaiting: true }],
    });
  });
});

const line = (body: unknown) => ({
  id: "batch_req_1",
  custom_id: "a",
  response: { status_code: 200, body },
  error: null,
});

describe("a batch", () => {
  const chat = { id: "chatcmpl-1", object: "chat.completion", created: 1_790_000_000 };
  test.each([
    ["openai.chat", chat],
    ["openai.responses", RESPONSE],
    ["openai.completions", { object: "text_completion" }],
    ["openai.embeddings", { object: "list", data: [{ object: "embedding" }] }],
  ])("has answers of %s in its file", (name, body) => {
    const answers = found("/v1/files/file-1/content", line(body))?.answers;
    expect(answers).toMatchObject([{ kind: "batch", api: { name }, body, id: "batch_req_1" }]);
  });

  test.each([
    ["a request of one", { custom_id: "a", method: "POST", body: { model: "m" } }],
    ["an error", { ...line(null), error: { code: "batch_expired" } }],
    ["an example to train with", { messages: [] }],
    ["a number", 3],
  ])("has no answer in %s", (_, body) => {
    expect(found("/v1/files/file-1/content", body)).toMatchObject({ answers: [] });
  });

  test("of Anthropic's has one on each line that succeeded", () => {
    const path = "/v1/messages/batches/msgbatch_1/results";
    const message = { id: "msg_1", usage: { input_tokens: 1 } };
    const succeeded = { custom_id: "a", result: { type: "succeeded", message } };
    expect(found(path, succeeded)?.answers).toMatchObject([{ kind: "batch", body: message }]);
    const errored = { custom_id: "a", result: { type: "errored", error: {} } };
    expect(found(path, errored)?.answers).toEqual([]);
  });

  test("of Google's has them in itself, or in a file", () => {
    const response = { usageMetadata: { promptTokenCount: 3 } };
    const batch = {
      metadata: { model: "models/gemini-2.5-flash", endTime: "2026-09-21T14:13:20Z" },
      response: { inlinedResponses: { inlinedResponses: [{ response }, { error: {} }] } },
    };
    expect(found("/v1beta/batches/b1", batch)?.answers).toMatchObject([
      { model: "gemini-2.5-flash", id: "b1/0", startMs: 1_790_000_000_000 },
    ]);
    const answers = found("/download/v1beta/files/f1:download", { key: "k", response })?.answers;
    expect(answers).toMatchObject([{ kind: "batch", body: response, id: "f1/k" }]);
  });

  test("says when its answers were made", () => {
    expect(
      found("/v1/messages/batches/msgbatch_1", { ended_at: "2026-09-21T14:13:20Z" })?.batchTime,
    ).toEqual({ name: "msgbatch_1", endMs: 1_790_000_000_000 });
    const done = { output_file_id: "file-2", completed_at: 1_790_000_000 };
    expect(found("/v1/batches/batch_1", done)?.batchTime).toEqual({
      name: "file-2",
      endMs: 1_790_000_000_000,
    });
    expect(found("/v1/batches/batch_1", { status: "in_progress" })?.batchTime).toBeUndefined();
  });
});

test.each(["/v1/models", "/v1/responses", "/v1/files/file-1", "/files", "/v1/responses/r/cancel"])(
  "nothing is looked for at %s",
  (path) => {
    expect(deferredSourceAt(path)).toBeUndefined();
  },
);
