/**
 * Errors of a call that was broken by the network or by its caller, as opposed to one that the provider
 * refused. The provider may have answered in part, and charges for that: nobody knows how much, so the call
 * counts with unknown usage instead of being written off as free.
 */

/** Values of error.type or exception.type. */
const ERROR_TYPES: ReadonlySet<string> = new Set([
  "AbortError",
  "APIUserAbortError",
  "APIConnectionTimeoutError",
  "APITimeoutError",
  "TimeoutError",
  "CancelledError",
  "asyncio.exceptions.CancelledError",
  "ECONNRESET",
  "EPIPE",
  "ERR_STREAM_PREMATURE_CLOSE",
  "UND_ERR_SOCKET",
  "UND_ERR_BODY_TIMEOUT",
  "RemoteProtocolError",
  "httpx.RemoteProtocolError",
  "httpx.ReadTimeout",
  "ReadTimeout",
  "IncompleteRead",
]);

/** Of reading an answer that came, whatever it says: it is charged for. */
const READING_ERROR_TYPES: ReadonlySet<string> = new Set([
  "AI_NoObjectGeneratedError",
  "AI_NoOutputGeneratedError",
  "AI_JSONParseError",
  "AI_TypeValidationError",
  "LengthFinishReasonError",
  "ContentFilterFinishReasonError",
  "OutputParserException",
]);

/** What runtimes say when a body ends before its time. A refused connection ("fetch failed") is none of these. */
const MESSAGES =
  /\bterminated\b|\baborted\b|premature close|socket hang up|other side closed|ECONNRESET|incomplete chunked read|peer closed connection|ended prematurely/i;

/** Longer messages carry what a provider answered, which may say anything. */
export const BREAK_OFF_MESSAGE_MAX = 200;

/** Did the call break off, or its answer not fit, rather than being refused? Both texts are as sent, "" when absent. */
export function isBreakOff(errorType: string, statusMessage: string): boolean {
  if (ERROR_TYPES.has(errorType) || READING_ERROR_TYPES.has(errorType)) return true;
  return statusMessage.length <= BREAK_OFF_MESSAGE_MAX && MESSAGES.test(statusMessage);
}
