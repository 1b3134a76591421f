import { LensError } from "@lensai/otel-config/errors";
import { eq } from "drizzle-orm";
import { stripeProblem, type PreparedMeter, type StripeAccount } from "../../billing/stripe.ts";
import type { Database } from "../../db/client.ts";
import { billingSetups } from "../../db/schema/billing.ts";
import { appendAudit } from "../audit/append.ts";
import type { BillingContext } from "./context.ts";
import type { CreateBillingInput, UpdateBillingInput } from "./schemas.ts";

export type BillingSetupRow = typeof billingSetups.$inferSelect;

/** How a project charges its customers, without the key. */
export type BillingSetup = Omit<BillingSetupRow, "sealedKey" | "id" | "projectId">;

const ID_RANDOM_BYTES = 9;
/** As much of a key as Stripe itself shows. */
const HINT_CHARACTERS = 4;

const ownerOf = (projectId: string): string => `billing_setups/${projectId}`;
const hintOf = (key: string): string => {
  const [kind, mode] = key.split("_");
  return `${kind}_${mode}_...${key.slice(-HINT_CHARACTERS)}`;
};

/** Undefined: the project charges nobody. */
export async function findBillingSetup(
  db: Pick<Database, "select">,
  projectId: string,
): Promise<BillingSetup | undefined> {
  const [row] = await db.select().from(billingSetups).where(eq(billingSetups.projectId, projectId));
  if (row === undefined) return undefined;
  const { sealedKey: _key, id: _id, projectId: _projectId, ...shown } = row;
  return shown;
}

/** Throws LensError `config.invalid` when the key cannot be opened. */
export function openAccount(
  { secrets, openStripe }: Pick<BillingContext, "secrets" | "openStripe">,
  { projectId, sealedKey }: BillingSetupRow,
): StripeAccount {
  return openStripe(secrets.open(ownerOf(projectId), sealedKey));
}

/**
 * Begins to charge: makes sure that Stripe has the meter and its price, and keeps the key, sealed. The project must
 * exist. False when it charges already. Throws LensError `stripe.refused` or `stripe.failed`.
 */
export async function createBilling(
  context: BillingContext,
  { projectId, stripeKey, ...terms }: CreateBillingInput & { readonly projectId: string },
  actor: string,
): Promise<boolean> {
  const meter = await prepareMeter(context.openStripe(stripeKey), terms.eventName);
  const now = context.now();
  const id = `bill_${Buffer.from(context.randomBytes(ID_RANDOM_BYTES)).toString("base64url")}`;
  const keyHint = hintOf(stripeKey);
  return await context.db.transaction(async (transaction) => {
    const [created] = await transaction
      .insert(billingSetups)
      .values({
        projectId,
        id,
        sealedKey: context.secrets.seal(ownerOf(projectId), stripeKey),
        keyHint,
        ...terms,
        ...meter,
        isPaused: false,
        createdAt: now,
      })
      .onConflictDoNothing()
      .returning({ id: billingSetups.id });
    if (created === undefined) return false;
    await appendAudit(transaction, {
      at: now,
      actor,
      action: "billing.create",
      projectId,
      subjectId: id,
      after: { ...terms, ...meter, keyHint },
    });
    return true;
  });
}

export type UpdateBillingResult =
  | { readonly outcome: "updated"; readonly version: number }
  | { readonly outcome: "conflict"; readonly version: number }
  | { readonly outcome: "unknown" };

/**
 * Changes the terms of days that are not charged yet. Another key must be of the same account: it is asked for the
 * meter. Throws LensError `stripe.refused` or `stripe.failed`.
 */
export async function updateBilling(
  context: BillingContext,
  input: UpdateBillingInput & { readonly projectId: string; readonly version: number },
  actor: string,
): Promise<UpdateBillingResult> {
  const { projectId, version: seen, stripeKey, ...terms } = input;
  const now = context.now();
  return await context.db.transaction(async (transaction): Promise<UpdateBillingResult> => {
    const [before] = await transaction
      .select()
      .from(billingSetups)
      .where(eq(billingSetups.projectId, projectId))
      .for("no key update");
    if (before === undefined) return { outcome: "unknown" };
    if (before.version !== seen) return { outcome: "conflict", version: before.version };
    const key = stripeKey === undefined ? undefined : await keyChange(context, before, stripeKey);
    const audited = { ...withoutAbsent(terms), ...(key && { keyHint: key.keyHint }) };
    const version = before.version + 1;
    await transaction
      .update(billingSetups)
      .set({ ...audited, ...key, version, problem: null })
      .where(eq(billingSetups.projectId, projectId));
    const names = Object.keys(audited) as (keyof typeof audited)[];
    await appendAudit(transaction, {
      at: now,
      actor,
      action: "billing.update",
      projectId,
      subjectId: before.id,
      before: Object.fromEntries(names.map((name) => [name, before[name]])),
      after: audited,
    });
    return { outcome: "updated", version };
  });
}

async function keyChange(
  context: BillingContext,
  { projectId, eventName, meterId }: BillingSetupRow,
  stripeKey: string,
): Promise<Pick<BillingSetupRow, "sealedKey" | "keyHint">> {
  const meter = await prepareMeter(context.openStripe(stripeKey), eventName);
  if (meter.meterId !== meterId) {
    throw new LensError(
      "stripe.refused",
      "the key is of another Stripe account: what was charged there cannot be corrected here",
    );
  }
  const sealedKey = context.secrets.seal(ownerOf(projectId), stripeKey);
  return { sealedKey, keyHint: hintOf(stripeKey) };
}

async function prepareMeter(account: StripeAccount, eventName: string): Promise<PreparedMeter> {
  try {
    return await account.prepareMeter(eventName);
  } catch (error) {
    const { kind, reason } = stripeProblem(error);
    const isLater = kind === "later";
    throw new LensError(isLater ? "stripe.failed" : "stripe.refused", reason, {
      cause: error,
      retryable: isLater,
    });
  }
}

function withoutAbsent<T extends object>(
  values: T,
): Partial<{ [K in keyof T]: NonNullable<T[K]> }> {
  return Object.fromEntries(
    Object.entries(values).filter(([, value]) => value !== undefined),
  ) as Partial<{ [K in keyof T]: NonNullable<T[K]> }>;
}
