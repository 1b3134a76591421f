import { eq } from "drizzle-orm";
import { afterAll, beforeAll, expect, test } from "vitest";
import { alertChannels } from "#lib/server/db/schema/alert-channels.ts";
import { updateChannelSchema } from "#lib/server/services/alerts/schemas.ts";
import { updateAlertChannel } from "#lib/server/services/alerts/update-channel.ts";
import { startDrill } from "#lib/server/services/drills/start.ts";
import { releaseKillSwitch } from "#lib/server/services/kill-switches/release.ts";
import { triggerKillSwitch } from "#lib/server/services/kill-switches/trigger.ts";
import { admitUser } from "#lib/server/services/members/admit.ts";
import { changeRole, removeMember } from "#lib/server/services/members/change.ts";
import { inviteMember } from "#lib/server/services/members/invite.ts";
import { archiveProject } from "#lib/server/services/projects/archive.ts";
import { updateProject } from "#lib/server/services/projects/update.ts";
import { overtakeVersion } from "#lib/server/services/snapshot/overtake.ts";
import { createAlertRig, type AlertRig } from "../support/alert-rig.ts";
import { createUser } from "../support/users.ts";

const ROUNDS = 10;
/** Two that wait for each other cost PostgreSQL a second before it ends one of them. */
const TIMEOUT_MS = 60_000;
const projectId = "shop";

let rig: AlertRig;
let channelId = "";
let changes = 0;
beforeAll(async () => {
  rig = await createAlertRig();
  channelId = await rig.slackChannel();
});
afterAll(() => rig.close());

function rename(): Promise<unknown> {
  changes += 1;
  const change = { name: `Shop ${changes}` };
  return updateProject(rig.context, { projectId, expectedVersion: "any", change }, "alice");
}

const drill = (): Promise<unknown> => startDrill(rig.context, { projectId }, "bob");

async function stopAndRelease(): Promise<unknown> {
  const input = { projectId, scope: {}, reason: "runs away" };
  const { id: killSwitchId } = await triggerKillSwitch(rig.context, input, "bob");
  return releaseKillSwitch(rig.context, { projectId, killSwitchId, reason: "mended" }, "bob");
}

async function editChannel(): Promise<unknown> {
  const { db } = rig.context;
  const [channel] = await db.select().from(alertChannels).where(eq(alertChannels.id, channelId));
  const { name, kinds, minimumSeverity, version } = channel ?? {};
  const terms = { name, kinds, minimumSeverity, version, hasButtons: true };
  const input = { projectId, channelId, type: "slack", slackChannel: "C024BE91L", ...terms };
  return updateAlertChannel(rig.context, updateChannelSchema.parse(input), "carol");
}

async function archiveAndRestore(): Promise<unknown> {
  await archiveProject(rig.context, { projectId, isArchived: true }, "dave");
  return archiveProject(rig.context, { projectId, isArchived: false }, "dave");
}

const EMAIL = "owner@example.com";
const grantor = {
  organizationId: "default",
  actor: "user:erin",
  role: "owner",
  userId: null,
} as const;

const signIn = (): Promise<unknown> =>
  admitUser(rig.context, { userId: "owner", email: EMAIL, ownerEmail: EMAIL });

const invite = (): Promise<unknown> =>
  inviteMember(rig.context, { email: EMAIL, role: "member", isSentByMail: true }, grantor);

const demote = (): Promise<unknown> =>
  changeRole(rig.context, { userId: "owner", role: "member" }, grantor);

/** He has been removed, and is invited: with that he signs in next. */
async function removeAndInvite(): Promise<void> {
  await removeMember(rig.context, { userId: "owner" }, grantor);
  await invite();
}

type Work = () => Promise<unknown>;

const failuresOf = (...work: readonly Work[]): Promise<unknown[]> =>
  failuresAfter(() => Promise.resolve(), ...work);

/** Of what is done twice at once, in rounds that each begin with `prepare`. */
async function failuresAfter(prepare: Work, ...work: readonly Work[]): Promise<unknown[]> {
  const failures: unknown[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    await prepare();
    const results = await Promise.allSettled([...work, ...work].map((one) => one()));
    failures.push(...results.flatMap((one) => (one.status === "rejected" ? [one.reason] : [])));
  }
  return failures;
}

test(
  "a drill gets through while its project is changed, and so does the change",
  async () => {
    expect(await failuresOf(rename, drill)).toEqual([]);
  },
  TIMEOUT_MS,
);

test(
  "so does a kill-switch",
  async () => {
    expect(await failuresOf(rename, stopAndRelease)).toEqual([]);
  },
  TIMEOUT_MS,
);

test(
  "so does a kill-switch while the channel is edited that is told of it",
  async () => {
    expect(await failuresOf(editChannel, stopAndRelease)).toEqual([]);
  },
  TIMEOUT_MS,
);

test(
  "so does a kill-switch while the project is archived and restored",
  async () => {
    expect(await failuresOf(archiveAndRestore, drill)).toEqual([]);
  },
  TIMEOUT_MS,
);

test(
  "so does a collector that knows a newer version",
  async () => {
    let known = 1_000_000;
    const overtake = (): Promise<unknown> =>
      overtakeVersion(rig.context, (known += 1000), "control token");
    expect(await failuresOf(rename, overtake)).toEqual([]);
  },
  TIMEOUT_MS,
);

test(
  "so does whoever signs in while he is invited again, and while he is demoted",
  async () => {
    await createUser(rig.context, { id: "owner", email: EMAIL });
    await createUser(rig.context, { id: "second" });
    await admitUser(rig.context, {
      userId: "second",
      email: "second@example.com",
      ownerEmail: "second@example.com",
    });
    expect(await failuresAfter(removeAndInvite, signIn, invite)).toEqual([]);
    expect(await failuresOf(signIn, demote)).toEqual([]);
  },
  TIMEOUT_MS,
);
