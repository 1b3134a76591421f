/**
 * Values that the redaction rules promise to mask, different in every place where they are planted, so that
 * one that leaks says which rule and which place.
 */
export interface Canary {
  readonly rule: string;
  readonly place: string;
  /** The part that identifies a person or opens a door: this must be found nowhere. */
  readonly needle: string;
}

const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const ALPHABET = `${LETTERS}${LETTERS.toLowerCase()}0123456789`;

/** Letters and digits that follow from a number alone, and look random. */
function letters(seed: number, count: number, alphabet = ALPHABET): string {
  let state = Math.imul(seed, 2654435761) >>> 0;
  let text = "";
  while (text.length < count) {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x6d2b79f5) >>> 0;
    text += alphabet[(state >>> 8) % alphabet.length];
  }
  return text;
}

const digits = (value: number, width: number): string => String(value).padStart(width, "0");

/** The last digit makes the Luhn sum a multiple of ten (ISO/IEC 7812-1, annex B). */
function cardNumber(place: number): string {
  const head = `4539${digits(place, 6)}77184`;
  for (let check = 0; check < 10; check += 1) {
    const sum = Array.from(`${head}${check}`)
      .toReversed()
      .reduce((total, digit, index) => {
        const value = Number(digit) * (index % 2 === 0 ? 1 : 2);
        return total + (value > 9 ? value - 9 : value);
      }, 0);
    if (sum % 10 === 0) return `${head}${check}`;
  }
  throw new RangeError("one of ten digits always fits");
}

/** Check digits by ISO 7064 mod 97-10; D and E count as 13 and 14. */
function iban(place: number): string {
  const account = `37040044${digits(532013000 + place, 10)}`;
  const check = 98n - (BigInt(`${account}131400`) % 97n);
  return `DE${digits(Number(check), 2)}${account}`;
}

const base64url = (value: unknown): string =>
  Buffer.from(JSON.stringify(value)).toString("base64url");

type Make = (n: number) => readonly [text: string, needle: string];

const same = (text: string): readonly [string, string] => [text, text];
const prefixed =
  (prefix: string, count: number, alphabet?: string): Make =>
  (n) => {
    const secret = `${letters(n * 1000 + prefix.length, count - 1, alphabet)}7`;
    return [prefix + secret, secret];
  };

const MAKERS: Readonly<Record<string, Make>> = {
  email: (n) => [`canary.p${n}x@leaks-mail.com`, `canary.p${n}x@`],
  phone: (n) => same(`+1-415-${digits(200 + (n % 700), 3)}-${digits(1000 + n, 4)}`),
  card: (n) => same(cardNumber(n)),
  iban: (n) => same(iban(n)),
  us_ssn: (n) => same(`${digits(101 + (n % 500), 3)}-${digits(11 + (n % 80), 2)}-${1000 + n}`),
  ipv4: (n) => same(`81.2.${100 + (n >> 8)}.${100 + (n % 150)}`),
  ipv6: (n) =>
    same(`2a02:26f0:${(0x1000 + n).toString(16)}:9f::5c${(0x10 + (n % 200)).toString(16)}`),
  openai_key: prefixed("sk-proj-", 40),
  anthropic_key: prefixed("sk-ant-api03-", 60),
  aws_key: prefixed("AKIA", 16, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"),
  github_token: prefixed("ghp_", 36),
  slack_token: (n) => {
    const secret = letters(n * 1000 + 31, 24);
    return [`xoxb-${digits(n, 12)}-${digits(n + 7, 12)}-${secret}`, secret];
  },
  google_key: prefixed("AIza", 35),
  jwt: (n) => {
    const payload = base64url({ sub: `canary-${n}`, iat: 1516239022 + n });
    return [
      `${base64url({ alg: "HS256", typ: "JWT" })}.${payload}.${letters(n * 1000 + 55, 43)}`,
      payload,
    ];
  },
  private_key: (n) => {
    const secret = letters(n * 1000 + 77, 64);
    return [`-----BEGIN PRIVATE KEY-----\n${secret}\n-----END PRIVATE KEY-----`, secret];
  },
};

/** Makes planted texts and remembers what they hold. */
export class CanaryField {
  readonly canaries: Canary[] = [];
  private count: number;

  /** Fields with different numbers below 20 share no canary. */
  constructor(number = 0) {
    this.count = number * 500;
  }

  /** Prose with one canary of every rule. */
  plant(place: string): string {
    return this.plantOnly(place, Object.keys(MAKERS));
  }

  plantOnly(place: string, rules: readonly string[]): string {
    return `please look at this: ${this.texts(place, rules).join(" ; ")} ; thank you`;
  }

  /** A query string with one canary of every rule but private_key, which has no place in one. */
  plantQuery(place: string): string {
    const rules = Object.keys(MAKERS).filter((rule) => rule !== "private_key");
    return this.texts(place, rules)
      .map((text) => `q=${text}`)
      .join("&");
  }

  private texts(place: string, rules: readonly string[]): string[] {
    this.count += 1;
    return rules.map((rule) => {
      const [text, needle] = (MAKERS[rule] as Make)(this.count);
      this.canaries.push({ rule, place, needle });
      return text;
    });
  }

  /** The shortest text that a rule matches, alone in its field. */
  plantShort(place: string): string {
    const needle = "q@z.io";
    this.canaries.push({ rule: "email", place, needle });
    return needle;
  }

  /** Words that no rule knows: content, and nothing to mask. */
  plantPhrase(place: string): string {
    this.count += 1;
    const needle = `walrus ${this.count} plays the accordion`;
    this.canaries.push({ rule: "phrase", place, needle });
    return `the old ${needle} at dawn`;
  }

  /** The canaries that a haystack holds, as "rule in place". */
  foundIn(haystack: Buffer): string[] {
    const found = this.canaries.filter(({ needle }) => haystack.includes(needle));
    return found.map(({ rule, place }) => `${rule} in ${place}`);
  }
}
