/**
 * Pieces of text as the bytes of a body. The next piece is made when the one before has been taken: a slow reader
 * costs no memory, and one that goes away ends the work.
 */
export function textStream(
  pieces: AsyncGenerator<string>,
  onFailure?: (error: unknown) => void,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  return new ReadableStream(
    {
      pull: async (controller) => {
        try {
          const { done, value } = await pieces.next();
          if (done === true) controller.close();
          else controller.enqueue(encoder.encode(value));
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
