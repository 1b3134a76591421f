import type { RuleId } from "./rules.ts";

/**
 * `token`: letters, digits, `-` and `_` follow. `plain`: the first `minRest` of them are letters and
 * digits, which tells `npm_` keys from `npm_config_...`. `exact`: exactly `minRest` capitals and digits.
 */
export type SecretRest = "token" | "plain" | "exact";

export interface SecretPrefix {
  readonly prefix: string;
  readonly rule: RuleId;
  readonly rest: SecretRest;
  /** Fewest characters behind the prefix; together never fewer than the scan finds (19). */
  readonly minRest: number;
}

type SharedByGroup = Omit<SecretPrefix, "prefix">;

const group = ({ rule, rest, minRest }: SharedByGroup, prefixes: string): SecretPrefix[] =>
  prefixes.split(" ").map((prefix) => ({ prefix, rule, rest, minRest }));

/**
 * Prefixes under which keys and tokens are issued. The minimum is below the issued length where the prefix
 * is unmistakable: a key that was cut off is still worth hiding.
 */
export const SECRET_PREFIXES: readonly SecretPrefix[] = [
  ...group(
    { rule: "provider_key", rest: "token", minRest: 16 },
    "sk- nvapi- tvly- glpat- gldt- glrt-",
  ),
  ...group(
    { rule: "provider_key", rest: "token", minRest: 20 },
    "pk-lf- PMAK- figd_ sntrys_ pypi-",
  ),
  ...group(
    { rule: "provider_key", rest: "plain", minRest: 20 },
    "hf_ gsk_ xai- pplx- r8_ fw_ csk- jina_",
  ),
  ...group(
    { rule: "provider_key", rest: "plain", minRest: 20 },
    "npm_ dop_v1_ dckr_pat_ shpat_ lin_api_",
  ),
  ...group(
    { rule: "provider_key", rest: "plain", minRest: 20 },
    "lsv2_pt_ lsv2_sk_ whsec_ phc_ phx_",
  ),
  ...group(
    { rule: "provider_key", rest: "plain", minRest: 20 },
    "ntn_ sbp_ doo_v1_ shpss_ shpca_ shppa_ ATATT",
  ),
  ...group({ rule: "provider_key", rest: "plain", minRest: 32 }, "dapi"),
  ...group(
    { rule: "provider_key", rest: "plain", minRest: 16 },
    "sk_live_ sk_test_ rk_live_ rk_test_ pk_live_ pk_test_",
  ),
  // Our own API keys; the rest is 43 characters of base64url.
  ...group({ rule: "provider_key", rest: "token", minRest: 32 }, "lensai_"),
  ...group({ rule: "aws_key", rest: "exact", minRest: 16 }, "AKIA ASIA"),
  ...group(
    { rule: "github_token", rest: "plain", minRest: 20 },
    "ghp_ gho_ ghu_ ghs_ ghr_ github_pat_",
  ),
  ...group(
    { rule: "slack_token", rest: "token", minRest: 14 },
    "xoxa- xoxb- xoxc- xoxd- xoxe- xoxo- xoxp- xoxr- xoxs- xapp-",
  ),
  ...group({ rule: "google_key", rest: "token", minRest: 30 }, "AIza"),
  ...group({ rule: "google_key", rest: "token", minRest: 20 }, "GOCSPX-"),
];

const FIRST_BYTES = 128;

/** The prefixes by first byte, so that nearly every position costs one look-up. */
export const PREFIXES_BY_FIRST_BYTE: readonly (readonly PrefixBytes[] | undefined)[] =
  byFirstByte();

export interface PrefixBytes extends SecretPrefix {
  readonly bytes: Uint8Array;
}

function byFirstByte(): (PrefixBytes[] | undefined)[] {
  const encoder = new TextEncoder();
  const table = Array.from<PrefixBytes[] | undefined>({ length: FIRST_BYTES }).fill(undefined);
  for (const entry of SECRET_PREFIXES) {
    const bytes = encoder.encode(entry.prefix);
    const first = bytes[0] as number;
    const list = table[first] ?? [];
    list.push({ ...entry, bytes });
    table[first] = list;
  }
  return table;
}
