/** Below this the call costs more than the garbage collector is spared. */
const RELEASED_BYTES_MIN = 16 * 1024;

/**
 * Frees the memory under a buffer that nobody reads any more, now and not when the garbage collector comes to
 * it: V8 marks the whole heap whenever some tens of megabytes of buffers have been made, whatever they are.
 * `bytes` must be the only view of its memory, unless that is Node's pool, which is left alone; it is empty
 * afterwards.
 */
export function releaseMemory({ buffer, length }: Uint8Array): void {
  if (!(buffer instanceof ArrayBuffer) || buffer.byteLength < RELEASED_BYTES_MIN) return;
  const mayBePool = buffer.byteLength === Buffer.poolSize && length < buffer.byteLength;
  if (!mayBePool) buffer.transfer(0);
}
