import { lookup as resolve, type LookupAddress } from "node:dns";
import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { isIP, type LookupFunction } from "node:net";
import { isPublicAddress } from "./public-address.ts";

/** A POST to a URL that somebody entered. */
export interface OutsidePost {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly signal: AbortSignal;
  /** Also addresses of this machine and its networks, and http://. */
  readonly mayBePrivate: boolean;
}

export interface OutsideAnswer {
  readonly status: number;
  readonly retryAfter: string | undefined;
}

/** The URL leads where no request of ours may go. */
export class AddressRefusedError extends Error {
  override readonly name = "AddressRefusedError";
}

/**
 * Posts once: no redirects (they could lead inwards), no connection that is kept, and the answer's body is not read. The
 * address is looked at when the socket is opened, in the very look-up that it is opened with: a name that gives
 * another address the second time (DNS rebinding) gains nothing. Rejects with AddressRefusedError, or with
 * what the socket says.
 */
export async function postOutside(post: OutsidePost): Promise<OutsideAnswer> {
  const { url, headers, body, signal, mayBePrivate } = post;
  if (!mayBePrivate) refuseInner(url);
  const request = url.protocol === "https:" ? httpsRequest : httpRequest;
  return new Promise((settle, reject) => {
    const outgoing = request(url, {
      method: "POST",
      headers: { ...headers, "content-length": Buffer.byteLength(body) },
      signal,
      agent: false,
      ...(!mayBePrivate && { lookup: publicLookup }),
    });
    outgoing.on("error", reject);
    outgoing.on("response", (response) => {
      settle({ status: response.statusCode ?? 0, retryAfter: response.headers["retry-after"] });
      response.destroy();
    });
    outgoing.end(body);
  });
}

/** An address in the URL itself is never looked up. */
function refuseInner({ protocol, hostname }: URL): void {
  if (protocol !== "https:") throw new AddressRefusedError("only https:// URLs are sent to");
  const host = hostname.replace(/^\[(.*)\]$/, "$1");
  if (isIP(host) !== 0 && !isPublicAddress(host)) throw innerAddress();
}

/** Every address of the name must be public: which of them is taken is not ours to choose. */
const publicLookup: LookupFunction = (hostname, options, callback) => {
  resolve(hostname, { ...options, all: true }, (error, addresses: LookupAddress[]) => {
    const [first] = addresses ?? [];
    if (error !== null || first === undefined) {
      callback(error ?? innerAddress(), []);
    } else if (!addresses.every(({ address }) => isPublicAddress(address))) {
      callback(innerAddress(), []);
    } else if (options.all === true) {
      callback(null, addresses);
    } else {
      callback(null, first.address, first.family);
    }
  });
};

const innerAddress = (): AddressRefusedError =>
  new AddressRefusedError(
    "the URL leads to an address of this machine or a private network: LENSAI_WEBHOOK_ALLOW_PRIVATE=true allows that",
  );
