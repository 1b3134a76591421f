import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { keysInFile } from "../../src/export/signing-key-file.ts";
import { fixedKeys, parseKeyFile } from "../../src/export/signing-keys.ts";

const SECRET = Buffer.alloc(32, 255);
const OTHER = Buffer.alloc(32, 7);

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "lensai-keys-"));
});
afterEach(() => rm(folder, { recursive: true }));

describe("signing keys", () => {
  test.each(["base64", "base64url"] as const)("may be written as %s", async (encoding) => {
    const [key] = await fixedKeys({ keyId: "sec_1", secret: SECRET.toString(encoding) }).read();
    expect(key?.secret).toEqual(new Uint8Array(SECRET));
  });

  test.each([
    ["no secret", "sec_1 "],
    ["a secret that is too short", `sec_1 ${Buffer.alloc(8).toString("base64")}`],
    ["something else after the secret", `sec_1 ${SECRET.toString("base64")} x`],
    ["an id that no header can hold", `s"1 ${SECRET.toString("base64")}`],
    ["nothing but a comment", "# none\n"],
    ["three keys", `a ${SECRET.toString("base64")}\n`.repeat(3)],
  ])("are refused without being repeated: %s", (_, text) => {
    const refused = (): unknown => parseKeyFile(text);
    expect(refused).toThrow(expect.objectContaining({ code: "config.invalid" }) as Error);
    expect(refused).not.toThrow(SECRET.toString("base64").slice(0, 8));
  });

  test("are read again when their file changes, and kept when it goes bad", async () => {
    const file = path.join(folder, "keys");
    const keys = keysInFile(file);
    await expect(keys.read()).rejects.toThrow("ENOENT");
    await writeFile(file, `# the first\nsec_1 ${SECRET.toString("base64")}\n`);
    expect(await keys.read()).toMatchObject([{ keyId: "sec_1" }]);
    await writeFile(file, `sec_2 ${OTHER.toString("base64")}\nsec_1 ${SECRET.toString("base64")}`);
    expect(await keys.read()).toMatchObject([{ keyId: "sec_2" }, { keyId: "sec_1" }]);
    await writeFile(file, "half a li");
    expect(await keys.read()).toMatchObject([{ keyId: "sec_2" }, { keyId: "sec_1" }]);
    await rm(file);
    expect(await keys.read()).toMatchObject([{ keyId: "sec_2" }, { keyId: "sec_1" }]);
  });
});
