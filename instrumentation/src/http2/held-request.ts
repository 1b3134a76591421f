import type { ClientHttp2Session, ClientHttp2Stream } from "node:http2";

/** A request that Node has made, and has not begun to send. */
export interface HeldRequest {
  readonly isHeld: boolean;
  /** It is held until it is told to go, however long that takes. */
  wait(): void;
  /** It is sent, as if it had never been held. A second time changes nothing. */
  send(): void;
  /** It is never sent. */
  keep(): void;
}

type Send = () => void;

/** Where a session has the requests that wait for its connection. */
interface WaitingRequests {
  [queue: symbol]: Send[] | null;
}

/**
 * Makes a request whose head waits, as that of a session does that has no connection yet, until it is told to go or
 * this turn of the event loop is over: Node writes nothing before that either. By then most callers have ended the
 * body, and it is known what they ask for. Where Node does not queue requests as it is known to, nothing is held.
 */
export function heldRequest(
  session: ClientHttp2Session,
  request: () => ClientHttp2Stream,
): { readonly stream: ClientHttp2Stream; readonly hold: HeldRequest | undefined } {
  const name = queueOf(session);
  if (name === undefined) return { stream: request(), hold: undefined };
  const waiting = session as unknown as WaitingRequests;
  const queue = waiting[name] ?? null;
  const own: Send[] = [];
  waiting[name] = own;
  Object.defineProperty(session, "connecting", { value: true, configurable: true });
  let stream: ClientHttp2Stream;
  try {
    stream = request();
  } finally {
    Reflect.deleteProperty(session, "connecting");
    waiting[name] = queue;
  }
  const [send] = own;
  return { stream, hold: send && holdUntilNextTurn(() => pass(session, name, send)) };
}

function queueOf(session: ClientHttp2Session): symbol | undefined {
  return Object.getOwnPropertySymbols(session).find(
    ({ description }) => description === "kPendingRequestCalls",
  );
}

function holdUntilNextTurn(passOn: Send): HeldRequest {
  let isHeld = true;
  const keep = (): void => {
    isHeld = false;
    clearImmediate(turn);
  };
  const send = (): void => {
    if (!isHeld) return;
    keep();
    passOn();
  };
  const turn = setImmediate(send);
  return {
    get isHeld() {
      return isHeld;
    },
    wait: () => clearImmediate(turn),
    send,
    keep,
  };
}

/** What Node does with a new request. */
function pass(session: ClientHttp2Session, name: symbol, send: Send): void {
  if (!session.connecting) return send();
  const waiting = session as unknown as WaitingRequests;
  const queue = waiting[name];
  if (queue) queue.push(send);
  else {
    waiting[name] = [send];
    session.once("connect", () => {
      const sends = waiting[name] ?? [];
      for (const each of sends) each();
      waiting[name] = null;
    });
  }
}
