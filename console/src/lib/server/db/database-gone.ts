/**
 * Postgres.js and Node say so when there is no database to talk to, or one that does not answer. SQLSTATE class 57P is a
 * server that stops, 57014 a statement that took longer than anything here may.
 */
const GONE =
  /^(?:ECONNREFUSED|ECONNRESET|EPIPE|ENOTFOUND|CONNECT_TIMEOUT|ANSWER_TIMEOUT|CONNECTION_(?:CLOSED|ENDED|DESTROYED)|57P0\d|57014)$/;

/** Did it fail because the database is away or says nothing? */
export function isDatabaseGone(failure: unknown): boolean {
  for (let error = failure; error instanceof Error; error = error.cause) {
    if ("code" in error && GONE.test(String(error.code))) return true;
  }
  return false;
}

/** For people, on a page. */
export const DATABASE_GONE_SENTENCE =
  "The control database does not answer. Apps and collectors go on with the budgets and switches that they have, and nothing that they send is lost. The reason is at /readyz; load this page again when it says ok.";
