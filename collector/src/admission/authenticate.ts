import { LensError } from "@lensai/otel-config/errors";
import { DEFAULT_PROJECT_ID } from "@lensai/otel-config/control/projects";
import type { ControlKey } from "@lensai/otel-config/control/keys";
import type { ContentPolicy } from "@lensai/otel-config/control/projects";
import { expiryMs, sha256Hex } from "../control/index-snapshot.ts";
import type { ControlIndex } from "../control/index-snapshot.ts";
import { presentedKeys } from "./presented-keys.ts";
import type { HeaderLookup } from "./presented-keys.ts";
import { isSigned, verifyHeldSignature, verifySignature } from "./request-signature.ts";
import type { RequestSignature, SignedRequest, VerifiedSignature } from "./request-signature.ts";

/** Sending telemetry, or reading the policy that says what may be spent. */
export type Use = "ingest" | "control";

/** Who sends, and what their project wants. */
export interface Sender {
  readonly projectId: string;
  /** Of the key, or of the secret that the request is signed with. Undefined for keyless ingest. */
  readonly apiKeyId: string | undefined;
  /** Undefined when the request is not signed. It holds only if the body has its digest and its nonce is new. */
  readonly signature: RequestSignature | undefined;
  readonly content: ContentPolicy;
  /** Non-empty only for browser keys: the origins that may use the key. */
  readonly origins: readonly string[];
}

export interface AuthenticatorOptions {
  /** The newest control state; asked on every request. */
  readonly control: () => ControlIndex;
  /** True only when every listener is bound to loopback. */
  readonly keylessIsAllowed: boolean;
  readonly nowMs: () => number;
  /** Called with every key that opened something. */
  readonly onKeyUse?: (keyId: string) => void;
}

/** Keys remembered by their plain text, so that the usual request costs no hash. Only known keys get in. */
const REMEMBERED_KEYS_MAX = 4096;

const PROJECT_HEADER = "x-lensai-project";

/**
 * Decides who sends. A signature names its project by its secret, and keys beside it are not looked at.
 * Throws LensError `auth.key_missing`, `auth.key_invalid`, `auth.signature_required`, `auth.signature_invalid`
 * and `auth.signature_stale` (401), `auth.key_revoked`, `auth.project_archived` and `auth.scope_missing` (403; also
 * for a key of another project than the one that `x-lensai-project` names).
 */
export class Authenticator {
  private readonly options: AuthenticatorOptions;
  private remembered = new Map<string, ControlKey>();
  private rememberedFrom: ControlIndex | undefined;

  constructor(options: AuthenticatorOptions) {
    this.options = options;
  }

  authenticate(request: SignedRequest, use: Use = "ingest"): Sender {
    return this.sender(request, use, verifySignature);
  }

  /** The same for a request that was taken and is still being answered: its signature need not be fresh any more. */
  authenticateAgain(request: SignedRequest, use: Use): Sender {
    return this.sender(request, use, verifyHeldSignature);
  }

  private sender(request: SignedRequest, use: Use, verify: typeof verifySignature): Sender {
    const control = this.options.control();
    const sender = isSigned(request.header)
      ? this.signed(verify(request, control, this.options.nowMs()), control)
      : this.unsigned(request.header, use);
    const named = request.header(PROJECT_HEADER);
    if (named !== undefined && named !== sender.projectId)
      refuseOtherProject(named, sender, control);
    refuseArchived(sender, control);
    return sender;
  }

  private signed({ secret, signature }: VerifiedSignature, control: ControlIndex): Sender {
    const { id, projectId } = secret;
    const content = contentOf(projectId, control);
    return { projectId, apiKeyId: id, signature, content, origins: [] };
  }

  private unsigned(header: HeaderLookup, use: Use): Sender {
    const control = this.options.control();
    const keys = presentedKeys(header);
    const sender = keys.length === 0 ? this.keyless(control) : this.keyed(keys, use);
    const isStrict = control.projectsById.get(sender.projectId)?.requireSignature === true;
    if (isStrict && use === "ingest") {
      throw new LensError(
        "auth.signature_required",
        `the project ${sender.projectId} takes signed requests only; set LENSAI_SIGNING_KEY_ID and LENSAI_SIGNING_SECRET where LensAI's exporter runs`,
      );
    }
    return sender;
  }

  private keyed(keys: readonly string[], use: Use): Sender {
    const control = this.options.control();
    const key = this.find(keys, control);
    requireUsable(key, this.options.nowMs());
    requireScope(key, use);
    this.options.onKeyUse?.(key.id);
    return {
      projectId: key.projectId,
      apiKeyId: key.id,
      signature: undefined,
      content: contentOf(key.projectId, control),
      origins: key.origins,
    };
  }

  private keyless(control: ControlIndex): Sender {
    if (!this.options.keylessIsAllowed) {
      throw new LensError(
        "auth.key_missing",
        "the request has no key; send the header authorization: Bearer <key> (OTEL_EXPORTER_OTLP_HEADERS)",
      );
    }
    return {
      projectId: DEFAULT_PROJECT_ID,
      apiKeyId: undefined,
      signature: undefined,
      content: contentOf(DEFAULT_PROJECT_ID, control),
      origins: [],
    };
  }

  private find(keys: readonly string[], control: ControlIndex): ControlKey {
    if (control !== this.rememberedFrom) {
      this.remembered = new Map();
      this.rememberedFrom = control;
    }
    for (const key of keys) {
      const known = this.remembered.get(key) ?? this.look(key, control);
      if (known !== undefined) return known;
    }
    throw new LensError(
      "auth.key_invalid",
      "the key is not known here; copy it again from the console, or send none to a collector on loopback",
    );
  }

  private look(key: string, control: ControlIndex): ControlKey | undefined {
    const known = control.keysBySha256.get(sha256Hex(key));
    if (known === undefined) return undefined;
    if (this.remembered.size === REMEMBERED_KEYS_MAX) {
      this.remembered.delete(this.remembered.keys().next().value as string);
    }
    this.remembered.set(key, known);
    return known;
  }
}

function refuseArchived({ projectId }: Sender, control: ControlIndex): void {
  if (control.projectsById.get(projectId)?.archived !== true) return;
  throw new LensError(
    "auth.project_archived",
    `the project ${projectId} is archived and takes nothing; restore it in the console, or send with a key of another project`,
  );
}

function requireUsable(key: ControlKey, nowMs: number): void {
  if (key.revoked) {
    throw new LensError(
      "auth.key_revoked",
      `the key ${key.id} was revoked; create a new one in the console`,
    );
  }
  if (nowMs >= expiryMs(key.expiresAt)) {
    throw new LensError(
      "auth.key_revoked",
      `the key ${key.id} expired at ${key.expiresAt}; create a new one in the console`,
    );
  }
}

/**
 * Who may send may know what stops it, so that an application needs one key. Not with a browser key: everybody
 * who opens the page has it, and a policy names budgets and their amounts.
 */
function requireScope({ id, scopes, origins }: ControlKey, use: Use): void {
  if (scopes.includes(use)) return;
  if (use === "ingest") {
    throw new LensError(
      "auth.scope_missing",
      `the key ${id} may not send telemetry; create one with the scope "ingest"`,
    );
  }
  if (scopes.includes("ingest") && origins.length === 0) return;
  throw new LensError(
    "auth.scope_missing",
    `the key ${id} may not read the policy; create one with the scope "control" or, not for browsers, "ingest"`,
  );
}

/** A project that the snapshot forgot keeps no content: the careful side. */
function contentOf(projectId: string, control: ControlIndex): ContentPolicy {
  return control.projectsById.get(projectId)?.content ?? "off";
}

function refuseOtherProject(named: string, sender: Sender, control: ControlIndex): void {
  if (control.projectsById.get(sender.projectId)?.name === named) return;
  throw new LensError(
    "auth.scope_missing",
    `${PROJECT_HEADER} names another project than the one this request belongs to; use a key of that project or drop the header`,
  );
}
