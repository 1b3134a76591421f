/** Groups in which rules are offered and explained. */
export type RulePack = "contact" | "finance" | "identity" | "network" | "secrets";

export interface RedactionRule {
  readonly id: RuleId;
  readonly pack: RulePack;
  /** Written over the start of a match when the match is long enough; the rest becomes `*`. */
  readonly label: string;
  /** What is masked, and what looks like it and is not. */
  readonly matches: string;
  /** The definition that the rule follows. */
  readonly source: string;
}

export const RULE_IDS = [
  "email",
  "phone",
  "card",
  "iban",
  "us_ssn",
  "ip",
  "provider_key",
  "aws_key",
  "github_token",
  "slack_token",
  "google_key",
  "jwt",
  "private_key",
  "url_credentials",
  "http_credentials",
  "named_secret",
] as const;

export type RuleId = (typeof RULE_IDS)[number];

/** Every rule, in the order of `RULE_IDS`. The rule documentation is generated from this list. */
export const RULES: readonly RedactionRule[] = [
  {
    id: "email",
    pack: "contact",
    label: "[EMAIL]",
    matches:
      "mail addresses with a dotted host and a top-level domain, also with non-ASCII letters and with the at sign written as %40 or \\u0040; not git@host: remotes, package specs (pkg@1.2.3, @scope/pkg) and asset names (icon@2x.png)",
    source: "https://www.rfc-editor.org/rfc/rfc5322#section-3.4.1",
  },
  {
    id: "phone",
    pack: "contact",
    label: "[PHONE]",
    matches:
      "international numbers with + or 00, North American 3-3-4 numbers with extension, numbers with a bracketed area code or a grouped trunk prefix 0; any other grouping, and plain digits, only next to a word such as phone, fax or call",
    source: "https://www.itu.int/rec/T-REC-E.164",
  },
  {
    id: "card",
    pack: "finance",
    label: "[CARD]",
    matches:
      "payment cards of 13 to 19 digits in one run, in fours, as 4-6-5, 4-6-4 or digit by digit, with blanks or dashes of any kind, when issuer range, length and Luhn agree; 12-digit Maestro only next to the word card",
    source: "https://www.iso.org/standard/70484.html",
  },
  {
    id: "iban",
    pack: "finance",
    label: "[IBAN]",
    matches:
      "international bank account numbers in one run or in fours, upper or lower case, when country, length and mod 97 agree",
    source: "https://www.swift.com/standards/data-standards/iban-international-bank-account-number",
  },
  {
    id: "us_ssn",
    pack: "identity",
    label: "[SSN]",
    matches:
      "US social security numbers as 3-2-4 with dashes or blanks, nine plain digits only next to the word ssn; never-issued areas (000, 666, 9xx), groups and serials stay",
    source: "https://www.ssa.gov/employer/randomization.html",
  },
  {
    id: "ip",
    pack: "network",
    label: "[IP]",
    matches:
      "IPv4 addresses, and IPv6 addresses that hold a digit; not loopback, 0.0.0.0, broadcast, x.0.0.0, and not four-part versions (v1.2.3.4, pkg==1.2.3.4, 1.2.3.4-beta)",
    source: "https://www.rfc-editor.org/rfc/rfc4291#section-2.2",
  },
  {
    id: "provider_key",
    pack: "secrets",
    label: "[API_KEY]",
    matches:
      "keys of model providers and common services, known by their prefix: sk-, sk-ant-, hf_, gsk_, xai-, pplx-, r8_, npm_, glpat-, sk_live_ and others; the rest must hold a digit or a capital letter",
    source: "https://github.com/gitleaks/gitleaks/blob/master/config/gitleaks.toml",
  },
  {
    id: "aws_key",
    pack: "secrets",
    label: "[AWS_KEY]",
    matches:
      "AWS access key ids AKIA... and ASIA..., and 40-character secret access keys next to their name",
    source:
      "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids",
  },
  {
    id: "github_token",
    pack: "secrets",
    label: "[GITHUB_TOKEN]",
    matches: "GitHub tokens: ghp_, gho_, ghu_, ghs_, ghr_, github_pat_",
    source:
      "https://docs.github.com/en/authentication/keeping-your-account-and-data-secure/about-authentication-to-github#githubs-token-formats",
  },
  {
    id: "slack_token",
    pack: "secrets",
    label: "[SLACK_TOKEN]",
    matches:
      "Slack tokens (xoxa- to xoxs-, xoxe., xapp-) and the secret part of incoming webhook URLs",
    source: "https://docs.slack.dev/authentication/tokens",
  },
  {
    id: "google_key",
    pack: "secrets",
    label: "[GOOGLE_KEY]",
    matches:
      "Google API keys (AIza...), OAuth client secrets (GOCSPX-...) and access tokens (ya29....)",
    source: "https://cloud.google.com/docs/authentication/api-keys",
  },
  {
    id: "jwt",
    pack: "secrets",
    label: "[JWT]",
    matches: "JSON web tokens in compact form, signed or unsigned",
    source: "https://www.rfc-editor.org/rfc/rfc7519#section-3",
  },
  {
    id: "private_key",
    pack: "secrets",
    label: "[PRIVATE_KEY]",
    matches:
      "PEM private key blocks from BEGIN to END, also cut off, also with line ends written as \\n",
    source: "https://www.rfc-editor.org/rfc/rfc7468#section-10",
  },
  {
    id: "url_credentials",
    pack: "secrets",
    label: "[CREDENTIALS]",
    matches: "user:password@ in a URL, and a user of 16 characters or more without a password",
    source: "https://www.rfc-editor.org/rfc/rfc3986#section-3.2.1",
  },
  {
    id: "http_credentials",
    pack: "secrets",
    label: "[CREDENTIALS]",
    matches: "the token after Bearer or Basic, from 19 characters on",
    source: "https://www.rfc-editor.org/rfc/rfc9110#section-11.4",
  },
  {
    id: "named_secret",
    pack: "secrets",
    label: "[SECRET]",
    matches:
      "a value of 19 characters or more with letters and digits, assigned to a name that ends in secret, password, passwd, secret_key, api_key, account_key, or in api_, access_, auth_, refresh_ or session_token",
    source: "https://cwe.mitre.org/data/definitions/532.html",
  },
];

/** Position of a rule in `RULE_IDS` and `RULES`. */
export function ruleIndex(id: RuleId): number {
  return RULE_IDS.indexOf(id);
}
