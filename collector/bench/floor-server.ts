import { createHmac } from "node:crypto";
import { open } from "node:fs/promises";
import { createServer } from "node:http";
import type { FileHandle } from "node:fs/promises";
import fastify from "fastify";

/**
 * Floors: what the transport alone costs. `http` and `fastify` read the body and answer; `walraw` also
 * authenticates it and makes it durable with a group commit, and does nothing else.
 */

const FLOOR_FILE_BYTES = 256 * 1024 * 1024;
/** What the collector takes; Fastify's own limit is below 512 spans with content. */
const BODY_BYTES_MAX = 64 * 1024 * 1024;

/** The least a durable log can do: preallocated file, one fdatasync for everything that waits. */
class RawLog {
  private readonly file: FileHandle;
  private waiting: Array<{ bytes: Buffer; done: () => void }> = [];
  private isRunning = false;
  private at = 0;

  constructor(file: FileHandle) {
    this.file = file;
  }

  append(bytes: Buffer): Promise<void> {
    return new Promise((done) => {
      this.waiting.push({ bytes, done });
      if (!this.isRunning) void this.run();
    });
  }

  private async run(): Promise<void> {
    this.isRunning = true;
    while (this.waiting.length > 0) {
      const group = this.waiting;
      this.waiting = [];
      const size = group.reduce((sum, { bytes }) => sum + bytes.length, 0);
      if (this.at + size > FLOOR_FILE_BYTES) this.at = 0;
      await this.file.writev(
        group.map(({ bytes }) => bytes),
        this.at,
      );
      await this.file.datasync();
      this.at += size;
      for (const { done } of group) done();
    }
    this.isRunning = false;
  }
}

async function rawLog(path: string): Promise<RawLog> {
  const file = await open(path, "w+");
  const zeros = Buffer.alloc(4 * 1024 * 1024);
  for (let at = 0; at < FLOOR_FILE_BYTES; at += zeros.length)
    await file.write(zeros, 0, zeros.length, at);
  await file.sync();
  return new RawLog(file);
}

async function main(): Promise<void> {
  const [, , mode, path] = process.argv;
  if (mode === "http") {
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () =>
        response.writeHead(200, { "content-type": "application/x-protobuf" }).end(),
      );
    });
    server.listen(0, "127.0.0.1", () => process.send?.(server.address()));
    return;
  }
  const server = fastify({ bodyLimit: BODY_BYTES_MAX });
  server.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) =>
    done(null, body),
  );
  const log = mode === "walraw" ? await rawLog(path ?? "floor.wal") : undefined;
  server.post("/v1/traces", async (request, reply) => {
    const body = request.body as Buffer;
    if (log !== undefined) {
      createHmac("sha256", "secret").update(body).digest();
      await log.append(body);
    }
    return reply.type("application/x-protobuf").send(Buffer.alloc(0));
  });
  await server.listen({ port: 0, host: "127.0.0.1" });
  process.send?.(server.server.address());
}

// The parent may end without stopping its servers.
process.once("disconnect", () => process.exit());
await main();
