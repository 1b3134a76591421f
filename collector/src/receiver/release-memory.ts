/** Below this a buffer may be a slice of Node's pool (64 KiB), unless it is all of its memory. */
export const RELEASED_BYTES_MIN: number = 128 * 1024;

/** Below this the call costs more than the garbage collector is spared. */
const WHOLE_BYTES_MIN = 16 * 1024;

/**
 * Frees the memory under a large buffer that nobody reads any more, now and not when the garbage collector
 * comes to it: half a megabyte per request otherwise makes V8 mark the whole heap every few dozen requests.
 * `bytes` must be the only view of its memory; it is empty afterwards.
 */
export function releaseMemory({ buffer, length }: Uint8Array): void {
  if (!(buffer instanceof ArrayBuffer)) return;
  const isWhole = length === buffer.byteLength && length >= WHOLE_BYTES_MIN;
  if (isWhole || buffer.byteLength >= RELEASED_BYTES_MIN) buffer.transfer(0);
}
