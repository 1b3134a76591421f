import { claimJob, JOB_LOCKS } from "../../db/claim-job.ts";
import { logError } from "../../log.ts";
import { reasonOf } from "../../prepare-database.ts";
import { listProjectIds } from "../../services/projects/list.ts";
import type { Agenda } from "./agenda.ts";
import { createBillingLook } from "./billing-alerts.ts";
import { evaluateProject, type EvaluationOptions } from "./evaluate-project.ts";
import {
  evaluateInstallation,
  lastingTroubles,
  type InstallationTroubles,
} from "./installation-alerts.ts";

export interface LookOptions extends Omit<EvaluationOptions, "known"> {
  /** What is wrong with the installation. */
  readonly troubles: InstallationTroubles;
}

export interface Look {
  /** Never rejects; false when something could not be looked at. */
  attempt(isStopped: () => boolean): Promise<boolean>;
  /** Why the last attempt failed; undefined when it did not. */
  problem(): string | undefined;
}

/** One look at everything that is on the agenda, unless another console looks. What fails stays on it. */
export function createLook(options: LookOptions, agenda: Agenda): Look {
  const { db } = options.services;
  const troubles = lastingTroubles(options.troubles, options.services.now);
  const evaluation = { ...options, troubles, known: new Map<string, Set<string>>() };
  const lookAtBilling = createBillingLook(evaluation);
  let listensSince = options.services.now();
  const allIds = (): Promise<string[]> => listProjectIds(db);

  const lookAtProject = async (projectId: string, isThorough: boolean): Promise<void> => {
    agenda.take(projectId, isThorough);
    try {
      if (await evaluateProject(evaluation, { projectId, isThorough })) agenda.addSlow(projectId);
    } catch (error) {
      agenda.add([projectId]);
      throw error;
    }
  };
  const lookAtAll = async (isStopped: () => boolean): Promise<void> => {
    const failures: unknown[] = [];
    const isSlowDue = agenda.isSlowDue();
    const inUse = new Set(await allIds());
    for (const projectId of await agenda.projects(() => Promise.resolve([...inUse]))) {
      if (isStopped()) return;
      // What still lands of an archived project concerns nobody.
      if (inUse.has(projectId))
        await lookAtProject(projectId, isSlowDue).catch((error: unknown) => failures.push(error));
      else agenda.take(projectId, true);
    }
    if (isSlowDue) {
      await evaluateInstallation({ ...evaluation, listensSince }, [...inUse]);
      await lookAtBilling([...inUse]);
      agenda.slowDone();
    }
    if (failures.length > 0) throw failures[0];
  };
  let problem: string | undefined;
  return {
    attempt: async (isStopped) => {
      try {
        await claimJob(db, JOB_LOCKS.alerts, () => lookAtAll(isStopped));
        problem = undefined;
      } catch (error) {
        listensSince = options.services.now();
        const reason = reasonOf(error);
        if (problem !== reason && !isStopped()) logError("alerts cannot be evaluated", { error });
        problem = reason;
      }
      return problem === undefined;
    },
    problem: () => problem,
  };
}
