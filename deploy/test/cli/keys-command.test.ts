import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { keysCommand } from "../../cli/keys-command.ts";
import { runningConsole } from "../../cli/running-console.ts";
import { temporaryFolder, type TemporaryFolder } from "../support/temporary-folder.ts";

let folder: TemporaryFolder;

beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => folder.remove());

const refusal = (args: readonly string[]): Promise<unknown> =>
  keysCommand(args, {
    console: () => ({ url: "http://127.0.0.1:1", controlToken: "t" }),
    write: () => undefined,
    note: () => undefined,
  }).catch((error: unknown) => error);

test.each([
  [["create", "--name", "x"], "--project is missing"],
  [["create", "--project", "shop"], "--name is missing"],
  [["rotate", "--project", "shop"], "--key is missing"],
  [["rotate", "--project", "shop", "--key", "k", "--overlap-hours", "soon"], "not a whole number"],
  [["list", "--project", "shop", "--colour"], "--colour"],
  [["list", "--project", "shop"], "no answer from the console at http://127.0.0.1:1"],
])("%j is refused: %s", async (args, text) => {
  expect(String(await refusal(args))).toContain(text);
});

test("says how it is used", async () => {
  const notes: string[] = [];
  const options = {
    console: () => ({ url: "", controlToken: "" }),
    write: () => undefined,
    note: (text: string) => void notes.push(text),
  };
  expect(await keysCommand([], options)).toBe(0);
  expect(await keysCommand(["drop"], options)).toBe(2);
  expect(notes[0]).toContain("lensai keys rotate");
});

test("asks the console of the settings, else the one of the data folder", () => {
  mkdirSync(join(folder.path, ".lensai"));
  writeFileSync(join(folder.path, ".lensai", "control-token"), "kept\n");
  expect(runningConsole({}, folder.path)).toEqual({
    url: "http://127.0.0.1:3000",
    controlToken: "kept",
  });
  const set = { LENSAI_CONTROL_URL: "https://lensai.example.com/", LENSAI_CONTROL_TOKEN: "given" };
  expect(runningConsole(set, folder.path)).toEqual({
    url: "https://lensai.example.com",
    controlToken: "given",
  });
  expect(() => runningConsole({ LENSAI_DATA_DIR: "elsewhere" }, folder.path)).toThrow(
    "there is no control token at",
  );
});
