import { isFields } from "../control/section-fields.ts";
import { STATEMENT_PAYLOAD_TYPE, openEnvelope } from "../signing/envelope.ts";
import { chargeOf } from "./charge.ts";
import { STATEMENT_TYPE, totalOf } from "./statement.ts";
import type { Statement, StatementLine } from "./statement.ts";

/** A statement that nothing is wrong with. */
export interface VerifiedStatement {
  readonly statement: Statement;
  /** Of the console that signed. */
  readonly keyId: string;
}

/** What is wrong with a statement: names the day where it is one's. */
export class BadStatement extends Error {
  override readonly name = "BadStatement";
}

/**
 * Opens a sealed statement and does its sums again: each day's charge from its cost and markup, what was metered for it
 * from its meter events, the total from the days. With a `keyId`, only what this key has signed counts. Throws
 * BadStatement at the first thing that is wrong.
 */
export function verifyStatement(sealed: string, keyId?: string): VerifiedStatement {
  const opened = open(sealed, keyId);
  const statement = parse(opened.payload);
  try {
    checkSums(statement);
  } catch (error) {
    // Of digits that are none, or lines that lack a field.
    if (error instanceof SyntaxError || error instanceof TypeError || error instanceof RangeError)
      throw new BadStatement(`it has fields that cannot be read: ${error.message}`);
    throw error;
  }
  return { statement, keyId: opened.keyId };
}

function open(sealed: string, keyId: string | undefined): { payload: string; keyId: string } {
  try {
    return openEnvelope(sealed.trim(), { payloadType: STATEMENT_PAYLOAD_TYPE, keyId });
  } catch (error) {
    throw new BadStatement((error as Error).message);
  }
}

function parse(payload: string): Statement {
  let value: unknown;
  try {
    value = JSON.parse(payload);
  } catch {
    throw new BadStatement("what was signed is not JSON");
  }
  if (!isFields(value) || value["type"] !== STATEMENT_TYPE)
    throw new BadStatement("what was signed is no statement");
  if (value["formatVersion"] !== 1)
    throw new BadStatement(`format version ${String(value["formatVersion"])} is not known here`);
  return value as unknown as Statement;
}

function checkSums({ lines, total, firstDay, lastDay }: Statement): void {
  let before = "";
  for (const line of lines) {
    const problem = lineProblem(line);
    if (problem !== undefined) throw new BadStatement(`${line.day}: ${problem}`);
    if (line.day <= before) throw new BadStatement(`${line.day} comes after ${before}`);
    if (line.day < firstDay || line.day > lastDay)
      throw new BadStatement(`${line.day} is not one of the days from ${firstDay} to ${lastDay}`);
    before = line.day;
  }
  const sums = totalOf(lines);
  for (const [name, sum] of Object.entries(sums)) {
    const said = total[name as keyof typeof sums];
    if (said !== sum) throw new BadStatement(`the days come to ${name} ${sum}, not ${said}`);
  }
}

function lineProblem(line: StatementLine): string | undefined {
  const { amountNanoUsd, amountMicroUsd } = chargeOf(
    BigInt(line.costNanoUsd),
    line.markupBasisPoints,
  );
  if (BigInt(line.amountNanoUsd) !== amountNanoUsd)
    return `cost and markup come to ${amountNanoUsd} nano-USD, not ${line.amountNanoUsd}`;
  if (BigInt(line.meteredMicroUsd) !== amountMicroUsd)
    return `${line.meteredMicroUsd} micro-USD are metered for a charge of ${amountMicroUsd}`;
  const metered = line.meterEvents.reduce(
    (sum, { valueMicroUsd }) => sum + BigInt(valueMicroUsd),
    0n,
  );
  if (metered !== amountMicroUsd)
    return `its meter events come to ${metered} micro-USD, not ${amountMicroUsd}`;
  return undefined;
}
