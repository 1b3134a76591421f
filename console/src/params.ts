import { defineParams } from "@sveltejs/kit/params";

const matching =
  (pattern: RegExp) =>
  (value: string): string | undefined =>
    pattern.test(value) ? value : undefined;

export const params = defineParams({
  projectId: matching(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/),
  organizationId: matching(/^[\w-]{1,64}$/),
  traceId: matching(/^[0-9a-f]{32}$/),
  spanId: matching(/^[0-9a-f]{16}$/),
  batchId: matching(/^[0-9a-f]{32}$/),
  budgetId: matching(/^bud_[A-Za-z0-9_-]{1,60}$/),
  recordOrdinal: matching(/^\d{1,9}$/),
});
