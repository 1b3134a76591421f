/**
 * Errors of a call that was broken by the network or by its caller, as opposed to one that the provider
 * refused. The provider may have answered in part, and charges for that: nobody knows how much, so the call
 * counts with unknown usage instead of being written off as free.
 */

/** Names of errors, without what qualifies them: who called has left, or the connection broke, or took too long. */
const BREAK_OFFS: readonly string[] = [
  // JavaScript
  "AbortError",
  "APIUserAbortError",
  "APIConnectionTimeoutError",
  "TimeoutError",
  "CanceledError",
  "ResponseAborted",
  "ECONNRESET",
  "ECONNABORTED",
  "EPIPE",
  "ERR_CANCELED",
  "ERR_STREAM_PREMATURE_CLOSE",
  "UND_ERR_ABORTED",
  "UND_ERR_SOCKET",
  "UND_ERR_BODY_TIMEOUT",
  // Python: a generator is closed when nobody reads on, a task or the program when it is stopped.
  "GeneratorExit",
  "CancelledError",
  "KeyboardInterrupt",
  "SystemExit",
  "APITimeoutError",
  "RemoteProtocolError",
  "ReadTimeout",
  "ReadTimeoutError",
  "ReadError",
  "StreamClosed",
  "ClientDisconnect",
  "ClosedResourceError",
  "BrokenResourceError",
  "ClientPayloadError",
  "ChunkedEncodingError",
  "IncompleteRead",
  "IncompleteReadError",
  "BrokenPipeError",
  "ConnectionResetError",
  // Java, .NET
  "CancellationException",
  "InterruptedException",
  "InterruptedIOException",
  "SocketTimeoutException",
  "HttpTimeoutException",
  "StreamResetException",
  "AbortedException",
  "OperationCanceledException",
  "TaskCanceledException",
  // gRPC, and OpenTelemetry's own example
  "Canceled",
  "Cancelled",
  "DeadlineExceeded",
  "DEADLINE_EXCEEDED",
  "timeout",
];

/** Of reading an answer that came, whatever it says: it is charged for. */
const READING_ERRORS: readonly string[] = [
  "AI_NoObjectGeneratedError",
  "AI_NoOutputGeneratedError",
  "AI_JSONParseError",
  "AI_TypeValidationError",
  "LengthFinishReasonError",
  "ContentFilterFinishReasonError",
  "OutputParserException",
];

const ERRORS: ReadonlySet<string> = new Set(
  [...BREAK_OFFS, ...READING_ERRORS].map((name) => name.toLowerCase()),
);

/** The last part of "asyncio.exceptions.CancelledError", "java.util.concurrent.CancellationException". */
const LAST_PART = /[^.:/$]*$/;

/**
 * The class that a text begins with: "GeneratorExit()Traceback…", "AbortError: This operation was aborted"; stars stand for
 * what is not kept.
 */
const NAMED_FIRST = /^[\w.$]+(?=[(:*]|$)/;

/** What runtimes say when a body ends before its time. A refused connection ("fetch failed") is none of these. */
const MESSAGES =
  /\bterminated\b|\baborted\b|premature close|socket hang up|other side closed|ECONNRESET|incomplete chunked read|peer closed connection|ended prematurely|\bcontext canceled\b|context deadline exceeded|\bunexpected EOF\b|operation was cancell?ed/i;

/** Longer messages carry what a provider answered, which may say anything. */
export const BREAK_OFF_MESSAGE_MAX = 200;

/** What a record says of its error, as sent; "" when it does not. */
export interface ErrorWords {
  /** `error.type`, or the type of an exception. */
  readonly type: string;
  /** Of the span's status. */
  readonly message: string;
  /** Of an exception: all that counts is the error that it begins with, which stays where no content is kept. */
  readonly exceptionMessage: string;
}

/** Did the call break off, or its answer not fit, rather than being refused? */
export function isBreakOff({ type, message, exceptionMessage }: ErrorWords): boolean {
  if (isKnown(type) || breakOffName(exceptionMessage) !== "") return true;
  if (message.length > BREAK_OFF_MESSAGE_MAX) return false;
  return breakOffName(message) !== "" || MESSAGES.test(message);
}

/** The error of a call that broke off with which a text begins; "" for any other text. */
export function breakOffName(text: string): string {
  const name = NAMED_FIRST.exec(text)?.[0] ?? "";
  return isKnown(name) ? name : "";
}

function isKnown(name: string): boolean {
  return ERRORS.has((LAST_PART.exec(name)?.[0] ?? "").toLowerCase());
}
