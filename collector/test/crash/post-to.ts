import { Agent, request } from "node:http";

/** Posts bodies to a path on 127.0.0.1 over kept connections; resolves to the status. */
export function postTo(
  path: string,
  headers: Record<string, string> = {},
): (port: number, body: Buffer) => Promise<number> {
  const agent = new Agent({ keepAlive: true });
  return (port, body) =>
    new Promise((resolve, reject) => {
      const options = { agent, port, host: "127.0.0.1", method: "POST", path, headers };
      const sent = request(options, (response) => {
        response.once("error", reject);
        response.resume().once("end", () => resolve(response.statusCode ?? 0));
      });
      sent.once("error", reject);
      sent.end(body);
    });
}
