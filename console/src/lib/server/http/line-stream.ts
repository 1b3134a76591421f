import { bodyStream } from "./body-stream.ts";

/** A file to save whose lines are made as they are read. */
export function lineStream(lines: AsyncGenerator<string>, fileName: string): Response {
  return new Response(bodyStream(lines), {
    headers: {
      "content-type": "application/x-ndjson",
      "content-disposition": `attachment; filename="${fileName}"`,
      "cache-control": "no-store",
    },
  });
}
