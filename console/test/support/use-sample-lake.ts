import { afterEach, beforeEach } from "vitest";
import { createLakeReader, type LakeReader } from "#lib/server/lake/lake-reader.ts";
import { createSampleLake, type SampleLake } from "./sample-lake.ts";

/** What a test lands rows in, and what the pages read them through. */
export interface LakeOfTest {
  lake: SampleLake;
  reader: LakeReader;
}

/** A lake of its own for every test of a file; there when the test begins, gone when it has ended. */
export function useSampleLake(): LakeOfTest {
  const sample = {} as LakeOfTest;
  beforeEach(async () => {
    sample.lake = await createSampleLake();
    sample.reader = createLakeReader(sample.lake.settings);
  });
  afterEach(async () => {
    await sample.reader.close();
    await sample.lake.remove();
  });
  return sample;
}
