import { expect, it } from "vitest";
import { IdHash } from "../../src/billing/id-hash.ts";

const KINDS = [1, 2, 3, 4, 5, 6];
const PROJECTS = Array.from({ length: 2000 }, (_, code) => code);

function keyOf(kind: number, project: number): string {
  const { low, high } = new IdHash().begin(kind).add(project).add(-1_322_613_366).end();
  return `${low} ${high}`;
}

it("keeps different kinds of keys apart, whatever number of a project comes next", () => {
  const keys = KINDS.flatMap((kind) => PROJECTS.map((project) => keyOf(kind, project)));
  expect(new Set(keys).size).toBe(KINDS.length * PROJECTS.length);
});
