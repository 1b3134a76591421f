/**
 * Pieces of text or bytes as a body. The next piece is made when the one before has been taken: a slow reader costs no
 * memory, and one that goes away ends the work.
 */
export function bodyStream(
  pieces: AsyncGenerator<string | Uint8Array>,
  onFailure?: (error: unknown) => void,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  return new ReadableStream(
    {
      pull: async (controller) => {
        try {
          const { done, value } = await pieces.next();
          if (done === true) controller.close();
          else controller.enqueue(typeof value === "string" ? encoder.encode(value) : value);
        } catch (error) {
          onFailure?.(error);
          controller.error(error);
        }
      },
      cancel: async () => {
        await pieces.return(undefined);
      },
    },
    { highWaterMark: 0 },
  );
}
