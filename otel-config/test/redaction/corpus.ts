import { luhn, mod97 } from "./baseline.ts";

/** Seeded text with planted values, for tests and for the benchmark. */

const WORDS = (
  "the of and to in is that for it as was with be by on not he his but at are this have from or had an they " +
  "which one you were all she there would their we him been has when who will no more if out so up said what " +
  "its about than into them can only other time new some could these two may first then do any like my now " +
  "over such our man me even most made after also did many off before must well back through years much where " +
  "your way down should because long each just state those people mr how too little us good world make very " +
  "year still see own work men day get here old life both between being under three never know same last " +
  "another while number place might great around against came right few however hand high small found during " +
  "thought went say part once general upon school every number customer support invoice delivery question"
).split(" ");

export type Random = () => number;

/** Mulberry32: the same numbers for the same seed, everywhere. */
export function seededRandom(seed: number): Random {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

export function pick<T>(random: Random, values: readonly T[]): T {
  return values[Math.floor(random() * values.length)] as T;
}

export function characters(random: Random, alphabet: string, count: number): string {
  return Array.from({ length: count }, () =>
    alphabet.charAt(Math.floor(random() * alphabet.length)),
  ).join("");
}

const DIGITS = "0123456789";
const CAPITALS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const BASE62 = `${CAPITALS}${CAPITALS.toLowerCase()}${DIGITS}`;

const digits = (random: Random, count: number): string => characters(random, DIGITS, count);

export function cardNumber(random: Random, separator: string): string {
  const first = `${pick(random, ["4", "51", "55", "6011", "2221"])}${digits(random, 15)}`.slice(
    0,
    15,
  );
  const whole = Array.from(DIGITS, (check) => first + check).find(luhn) as string;
  return whole.replaceAll(/(\d{4})(?=\d)/g, `$1${separator}`);
}

export function iban(random: Random, separator: string): string {
  const [country, bank, account] = pick(random, [
    ["GB", 4, 14],
    ["DE", 0, 18],
    ["NL", 4, 10],
  ] as const);
  const body = characters(random, CAPITALS, bank) + digits(random, account);
  const check = String(98 - mod97(`${country}00${body}`)).padStart(2, "0");
  return `${country}${check}${body}`.replaceAll(/(.{4})(?=.)/g, `$1${separator}`);
}

/** One planted value of each kind, by rule id. */
export const PLANTS: Readonly<Record<string, (random: Random) => string>> = {
  email: (r) =>
    `${characters(r, "abcdefgh.xyz09", 8).replaceAll(".", "a.b")}@${pick(r, ["example.com", "mail.example.co.uk", "firma.de"])}`,
  phone: (r) =>
    pick(r, [
      () => `+1 (${2 + Math.floor(r() * 8)}${digits(r, 2)}) 555-${digits(r, 4)}`,
      () => `${2 + Math.floor(r() * 8)}${digits(r, 2)}-555-${digits(r, 4)}`,
      () => `+44 7700 900${digits(r, 3)}`,
      () => `+491701234${digits(r, 3)}`,
    ])(),
  card: (r) => cardNumber(r, pick(r, ["", " ", "-"])),
  iban: (r) => iban(r, pick(r, ["", " "])),
  us_ssn: (r) =>
    `${100 + Math.floor(r() * 500)}-${10 + Math.floor(r() * 90)}-${1000 + Math.floor(r() * 9000)}`,
  ip: (r) =>
    pick(r, [
      () =>
        `${11 + Math.floor(r() * 80)}.${Math.floor(r() * 256)}.${Math.floor(r() * 256)}.${1 + Math.floor(r() * 255)}`,
      () => `2001:db8:${digits(r, 4)}::${characters(r, "123456789abcdef", 4)}:1`,
    ])(),
  provider_key: (r) => pick(r, ["sk-proj-", "sk-ant-api03-", "sk-"]) + characters(r, BASE62, 40),
  aws_key: (r) => `${pick(r, ["AKIA", "ASIA"])}${characters(r, CAPITALS + DIGITS, 16)}`,
  github_token: (r) => `${pick(r, ["ghp_", "gho_", "ghs_"])}${characters(r, BASE62, 36)}`,
  slack_token: (r) => `xoxb-${digits(r, 11)}-${digits(r, 11)}-${characters(r, BASE62, 24)}`,
  google_key: (r) => `AIza${characters(r, `${BASE62}-_`, 35)}`,
  jwt: (r) =>
    `eyJhbGciOiJIUzI1NiJ9.eyJ${characters(r, BASE62, 40)}.${characters(r, `${BASE62}-_`, 43)}`,
  private_key: (r) =>
    `-----BEGIN PRIVATE KEY-----\\n${characters(r, `${BASE62}+/`, 64)}\\n-----END PRIVATE KEY-----`,
};

export interface CorpusOptions {
  readonly bytes: number;
  /** One planted value per this many bytes. */
  readonly plantEvery: number;
}

/** JSON message texts of about 2.7 KB with planted values, and the values. */
export function messageCorpus(
  random: Random,
  options: CorpusOptions,
): { fields: string[]; planted: { rule: string; value: string }[] } {
  const fields: string[] = [];
  const planted: { rule: string; value: string }[] = [];
  const rules = Object.keys(PLANTS);
  let sincePlant = 0;
  for (let total = 0; total < options.bytes; total += (fields.at(-1) as string).length) {
    const target = 1000 + random() * 3400;
    let text = "";
    while (text.length < target) {
      const word = pick(random, WORDS);
      text += `${word}${random() < 0.08 ? ". " : " "}`;
      sincePlant += word.length + 1;
      if (sincePlant < options.plantEvery) continue;
      sincePlant = 0;
      const rule = pick(random, rules);
      const value = (PLANTS[rule] as (random: Random) => string)(random);
      planted.push({ rule, value });
      text += `${value} `;
    }
    fields.push(`[{"role":"user","parts":[{"type":"text","content":"${text}"}]}]`);
  }
  return { fields, planted };
}
