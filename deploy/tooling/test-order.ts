import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Its processes take most of a minute to start and stop. */
const LONGEST = "/deploy/test/launcher/stack.test.ts";

const isLongest = (file: TestSpecification): boolean => file.moduleId.endsWith(LONGEST);

/** Vitest's order, but with the longest file first: started last, it would be waited for alone. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return [...sorted.filter(isLongest), ...sorted.filter((file) => !isLongest(file))];
  }
}
