import { startLocalReceiver, type Answer, type LocalReceiver } from "./local-receiver.ts";

/** A message that the server standing for Slack has taken. */
export interface SlackPosting {
  readonly ts: string;
  readonly channel: string;
  readonly text: string;
  readonly blocks: readonly SlackBlock[];
  readonly metadata: { readonly event_type: string; readonly event_payload: { alert_id: string } };
}

interface SlackBlock {
  readonly type: string;
  readonly block_id?: string;
  readonly elements?: readonly { readonly action_id?: string; readonly value?: string }[];
}

export interface SlackServer {
  /** For `slackApiUrl`. */
  readonly apiUrl: string;
  readonly url: string;
  readonly postings: SlackPosting[];
  /** Bodies that came to `/response`. */
  readonly replies: { replace_original?: boolean; text: string; blocks?: readonly SlackBlock[] }[];
  /** Calls of each method so far. */
  calls(method: string): number;
  /**
   * What goes wrong with the next calls of chat.postMessage. `late` takes the message and then never answers, as
   * when the answer is lost.
   */
  readonly troubles: (Answer | "late")[];
  /** May the app read the channel? */
  mayReadHistory: boolean;
  reset(): void;
  stop(): Promise<void>;
}

/** Behaves as Slack's Web API does, as far as alerts use it. */
export async function startSlackServer(): Promise<SlackServer> {
  const postings: SlackPosting[] = [];
  const replies: SlackServer["replies"] = [];
  const troubles: (Answer | "late")[] = [];
  const receiver: LocalReceiver = await startLocalReceiver(({ path, body }) => {
    if (path === "/response") {
      replies.push(JSON.parse(body) as SlackServer["replies"][number]);
      return { status: 200 };
    }
    const form = new URLSearchParams(body);
    if (path === "/api/conversations.history") return history(form);
    if (path !== "/api/chat.postMessage") return slackJson({ ok: false, error: "unknown_method" });
    const trouble = troubles.shift();
    if (trouble !== undefined && trouble !== "late") return trouble;
    const ts = `17${String(postings.length).padStart(8, "0")}.000100`;
    postings.push({
      ts,
      channel: form.get("channel") ?? "",
      text: form.get("text") ?? "",
      blocks: JSON.parse(form.get("blocks") ?? "[]") as SlackBlock[],
      metadata: JSON.parse(form.get("metadata") ?? "null") as SlackPosting["metadata"],
    });
    return trouble === "late"
      ? "silence"
      : slackJson({ ok: true, ts, channel: form.get("channel") });
  });
  const history = (form: URLSearchParams): Answer => {
    if (!server.mayReadHistory) return slackJson({ ok: false, error: "missing_scope" });
    const messages = postings.filter(({ channel }) => channel === form.get("channel"));
    return slackJson({ ok: true, messages });
  };
  const server: SlackServer = {
    url: receiver.url,
    apiUrl: `${receiver.url}/api/`,
    postings,
    replies,
    troubles,
    mayReadHistory: true,
    calls: (method) => receiver.requests.filter(({ path }) => path === `/api/${method}`).length,
    reset: () => {
      for (const list of [postings, replies, troubles, receiver.requests]) list.length = 0;
      server.mayReadHistory = true;
    },
    stop: () => receiver.stop(),
  };
  return server;
}

const slackJson = (body: object): Answer => ({
  status: 200,
  headers: { "content-type": "application/json" },
  body: JSON.stringify(body),
});
