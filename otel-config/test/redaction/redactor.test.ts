import { existsSync, readFileSync } from "node:fs";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createRedactor, redactText } from "../../src/redaction/redactor.ts";
import { RULES, RULE_IDS } from "../../src/redaction/rules.ts";
import { baselineFindings, baselineRedact } from "./baseline.ts";
import { PLANTS, messageCorpus, seededRandom } from "./corpus.ts";
import { HARMLESS } from "./harmless.ts";
import { HOSTILE_UNITS, hostileText } from "./hostile.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });
const redactor = createRedactor();
const redact = (text: string): string => redactText(text, redactor).text;

/** `{value}` marks what must be masked; everything around it must stay. */
const CASES: Readonly<Record<string, readonly string[]>> = {
  EMAIL: [
    "write to {alice@example.com}, please",
    "<{first.last+tag@mail.example.co.uk}>",
    "{o'brien@example.ie} {élise.müller@exämple.de} {иван@пример.рф}",
    "邮箱：{alice@example.com}，谢谢",
    "?email={alice%40example.com}&x=1 q%3D{bob%40example.com}%26",
    '{"to":"{carol\\u0040example.com}"} line\\n{dave@example.com}\\n',
    '"\\\\n{dave@example.com}" "{\\u00e9lise@example.com}"',
    "{a@b.co}-555",
    "ends with a dot {eve@example.com}.",
  ],
  PHONE: [
    "{+1 (555) 123-4567} {+14155552671} {+44 7700 900123} {+41 (0)96 471 07 95}",
    "call {555-234-5678} or {(555) 234-5678 ext. 12} or {555.234.5678x9}",
    "{001-518-640-0854} {07700 063 966} {03.93.92.16.85} {0961-7596216} {(08) 8747 6301}",
    "Phone: {4155552671}, call me at {467 3395}, {416 60 039} office\n",
    "%20{%2B14155552671} \\u00a0{555-234-5678} tel\\n{+48 123 456 789}",
    "电话：{+86 138 1234 5678}",
    "tel {5551234x12}",
    "{41 66 00 39} office",
    "{+49\u00a0170\u00a01234567} {+1\u2009415–555–2671} {415\u2011555\u20112671}",
  ],
  CARD: [
    "{4111111111111111} {4111 1111 1111 1111} {5555-5555-5555-4444} {3782 822463 10005}",
    "{6011111111111117}, {30569309025904}. ({3530111333300000})",
    "{4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1}",
    "card number 4111111111111112 fails Luhn, {4012888888881881} does not",
    "credit card {501864667909}, order 501864667909",
    "{4111\u00a01111\u00a01111\u00a01111} {4111\u202f1111\u202f1111\u202f1111} {4111–1111–1111–1111}",
  ],
  IBAN: [
    "{GB82WEST12345698765432} {GB82 WEST 1234 5698 7654 32} {de89370400440532013000}",
    "{DE89\u00a03704\u00a00044\u00a00532\u00a00130\u00a000} {DE89‑3704‑0044‑0532‑0130‑00}",
    "\\n{NL91ABNA0417164300} not GB82WEST12345698765433",
  ],
  SSN: [
    "{123\u201145\u20116789} {123-45-6789} {123 45 6789} SSN: {123456789}",
    "not 123-45-67890, 000-45-6789, 123456789",
  ],
  IP: [
    "{192.168.1.20}:8080 {10.0.0.1}-{10.0.0.9} http://{203.0.113.7}/x {8.8.8.8}.",
    "{2001:db8::41ef}:{111.57.37.120} ::ffff:{192.0.2.1} {64:ff9b::}{198.51.100.1}",
    "{2001:db8:85a3:1:1:8a2e:370:7334}",
    "{2001:db8::8a2e:370:7334} [{fe80::1}]:80 {2001:0db8:85a3:0000:0000:8a2e:0370:7334}/64",
  ],
  API_KEY: [
    "{sk-abcdefghijklmnopqrstuvwxyz0123456789} {sk-proj-Abc123-def_456GHI789jkl} key={hf_abcdefghijklmnopqrstUVWXYZ}",
    "{gsk_abcdefghijklmnopqrstuvwxyz0123} \\n{sk_live_abcdefghijklmnop1234} \\u0020{sk-ant-api03-abcDEF123456789}",
    "x-{npm_abcdefghijklmnopqrstuvwxyz0123456789} %20{glpat-abcdefGHIJKL01234567}",
    "{ntn_12345678901abcdefghijklmnop} {sbp_0123456789abcdef0123} {dapi0123456789abcdef0123456789abcdef}",
  ],
  AWS_KEY: [
    "id {AKIAIOSFODNN7EXAMPLE} AKIAIOSFODNN7EXAMPLEX",
    'aws_secret_access_key = {wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY} "SecretAccessKey": "{wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY}"',
  ],
  GITHUB_TOKEN: [
    "{ghp_abcdefghijklmnopqrstuvwxyz0123456789} {github_pat_11ABCDEFG0abcdefghijkl_xyz}",
  ],
  SLACK_TOKEN: [
    "{xoxb-12345678901-12345678901-abcdefABCDEF} https://hooks.slack.com/services/{T00000000/B00000000/abcdefghijkl}",
  ],
  GOOGLE_KEY: [
    "{AIzaSyA-1234567890abcdefghijklmnopqrstu} {ya29.a0AfH6SMBabcdefghijklmnop} {GOCSPX-abcdefghijklmnopqrstuvwx1234}",
  ],
  JWT: [
    "{eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U}.",
    "unsigned {eyJhbGciOiJub25lIn0.eyJzdWIiOiIxMjM0NTY3ODkwIn0.} x",
  ],
  PRIVATE_KEY: [
    "{-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nMIIEpAIBAAKCAQEA\n-----END RSA PRIVATE KEY-----} x",
    '"{-----BEGIN PRIVATE KEY-----\\nMIIEvQIBADANBgkqhkiG9w0B\\n-----END PRIVATE KEY-----}\\n"',
    '"{-----BEGIN EC PRIVATE KEY-----\\nMHcCAQEEIIGk4vQIBADANBgkq}"',
  ],
  CREDENTIALS: [
    "postgres://{app:s3cr3t}@db:5432/x https://{user:p@ss}@example.com/ Authorization: Bearer {abcdef0123456789abcdef.x~y}",
    "db://{app:s3cr3t}@h",
    "https://{averylongtokenasuser1}@example.com/ Basic {QWxhZGRpbjpvcGVuIHNlc2FtZQ==}",
  ],
  SECRET: [
    '"api_key": "{a1b2c3d4e5f6a7b8c9d0}" client_secret={abcDEF1234567890+/==}',
    "webhook-secret: {a1b2c3d4e5f6a7b8c9d0} AWS_SESSION_TOKEN={IQoJb3JpZ2luX2VjEAB1} next_token=a1b2c3d4e5f6a7b8c9d0",
  ],
};

const LABELS = new Map(Object.keys(CASES).map((name) => [name, `[${name}]`]));

function expected(marked: string, label: string): { text: string; masked: string; count: number } {
  let count = 0;
  const masked = marked.replaceAll(MARK, (_, value: string) => {
    count += 1;
    const size = encoder.encode(value).length;
    return size >= label.length ? label + "*".repeat(size - label.length) : "*".repeat(size);
  });
  return { text: marked.replaceAll(MARK, "$1"), masked, count };
}
/** A pair of braces around a value; JSON examples have braces of their own, followed by a quote. */
const MARK = /\{(?!")((?:(?!\\u0020\{)[^{}])+)\}/g;

describe("masks what is", () => {
  for (const [name, cases] of Object.entries(CASES)) {
    it.each(cases)(`${name}: %s`, (marked) => {
      const { text, masked, count } = expected(marked, LABELS.get(name) as string);
      expect(redactText(text, redactor)).toEqual({ text: masked, count });
    });
  }
});

describe("leaves unchanged", () => {
  for (const [kind, texts] of Object.entries(HARMLESS)) {
    it.each(texts)(`${kind}: %s`, (text) => {
      expect(redact(text)).toBe(text);
    });
  }
});

describe("masking in place", () => {
  it("writes only stars when the label does not fit", () => {
    expect(redact("x a@b.co y")).toBe("x ****** y");
  });

  it("masks a number that only ends where a mask begins", () => {
    expect(redact("4111111111111111ya29.a0AfH6SMBabcdefghijklmnop")).toBe(
      "[CARD]**********[GOOGLE_KEY]******************",
    );
  });

  it("masks the shortest address at the end of a field of any length", () => {
    for (let before = 0; before < 200; before += 1) {
      expect(redact(`${filler(before)}8.8.8.8`)).toBe(`${filler(before)}[IP]***`);
    }
  });

  it("keeps JSON with bare numbers parseable", () => {
    const text =
      '{"card": 4111111111111111, "all":[5555555555554444,4012888888881881 ],"phone":4155552671}';
    const result = redactText(text, redactor);
    expect(JSON.parse(result.text)).toEqual({ card: 0, all: [0, 0], phone: 0 });
    expect(result.count).toBe(4);
    expect(redactText(result.text, redactor).count).toBe(0);
  });

  it.each([2, 4, "\t"])("keeps it parseable however it is indented: %j", (indent) => {
    const numbers = { a: [[[4111111111111111, -5555555555554444]]], phone: 4155552671 };
    const { text, count } = redactText(` ${JSON.stringify(numbers, null, indent)}`, redactor);
    expect([count, JSON.parse(text)]).toEqual([3, { a: [[[0, -0]]], phone: 0 }]);
    const quoted = redactText(JSON.stringify(JSON.stringify(numbers)), redactor);
    expect(JSON.parse(JSON.parse(quoted.text) as string)).toEqual({ a: [[[0, -0]]], phone: 0 });
  });

  it("masks nothing with no rules and only its own with one", () => {
    const text = "alice@example.com 192.168.1.20 4111111111111111";
    expect(redactText(text, createRedactor([])).count).toBe(0);
    expect(redactText(text, createRedactor(["ip"])).text).toBe(
      "alice@example.com [IP]******** 4111111111111111",
    );
  });

  it("describes every rule once", () => {
    expect(RULES.map((rule) => rule.id)).toEqual(RULE_IDS);
  });
});

const plantRules = Object.keys(PLANTS);
const plant = fc
  .record({ rule: fc.constantFrom(...plantRules), seed: fc.integer() })
  .map(({ rule, seed }) => (PLANTS[rule] as (random: () => number) => string)(seededRandom(seed)));
/** Everything that rules are made of, in any order. */
const soup = fc
  .array(
    fc.oneof(
      plant,
      fc.constantFrom(...HOSTILE_UNITS),
      fc.constantFrom(" ", ", ", '"', "\\n", "\\", "%20", ":", "x", "7", "é", "漢", "(", ")", "-"),
      fc.string({ unit: "grapheme", maxLength: 6 }),
    ),
    { maxLength: 12 },
  )
  .map((parts) => parts.join(""));

/** What short fields are made of, and what makes or breaks a match there. */
const FIELD_PIECES = (
  "gpt-4o- 2024-08-06 claude-3-5-sonnet chatcmpl- conv-1234 10:00:00 1.2.3 v phone tel: office card ssn " +
  "Bearer api_key= password: + %2B \\u002b 00 (555) 555-1234 5551234 123456789 GB82 ext.12 x5 :: a: sk- " +
  "eyJ ya29. hooks.slack.com/services/ :// git@ %40 \\u0040 [ ] { } * _ - . / 0 1 7 me at call"
).split(" ");
const fieldSoup = fc
  .array(
    fc.oneof(
      { weight: 3, arbitrary: fc.constantFrom(...FIELD_PIECES) },
      { weight: 2, arbitrary: fc.constantFrom(" ", " ", '"', '": "', "\\n", "\\", "%", "é", "漢") },
      { weight: 2, arbitrary: plant },
      { weight: 1, arbitrary: fc.nat({ max: 999_999_999 }).map(String) },
    ),
    { minLength: 1, maxLength: 10 },
  )
  .chain((parts) => fc.nat({ max: 4 }).map((cut) => parts.join("").slice(cut)));
const neighbour = fc.constantFrom(
  "",
  "7",
  "+1",
  "555-",
  "a@b.co",
  "sk-",
  "x",
  "::1",
  "\u0012\u0006",
  "\\",
);

/** `size` bytes of words, ending and starting like a word of its own. */
function filler(size: number): string {
  return (
    " lorem ipsum dolor sit amet,".repeat(6).slice(0, Math.max(0, size - 1)) +
    " ".repeat(Math.min(1, size))
  );
}

describe("for any text", () => {
  it("finds a planted value at every alignment, at both edges of its field, and nothing outside it", () => {
    fc.assert(
      fc.property(plant, fc.nat({ max: 40 }), fc.nat({ max: 3 }), (value, before, misaligned) => {
        const bytes = encoder.encode(`${"7".repeat(before)}${value}${"7".repeat(30)}`);
        const buffer = new Uint8Array(bytes.length + misaligned).subarray(misaligned);
        buffer.set(bytes);
        redactor.open(buffer);
        expect(redactor.maskField(before, before + value.length)).toBe(1);
        const text = decoder.decode(buffer);
        expect(text.slice(0, before)).toBe("7".repeat(before));
        expect(text.slice(before + value.length)).toBe("7".repeat(30));
        expect(text.slice(before, before + value.length)).toMatch(/^(\[[A-Z_]+\])?\*+$/);
      }),
      { numRuns: 1000 },
    );
  });

  it("stays valid UTF-8 of the same length, and JSON strings stay JSON strings", () => {
    fc.assert(
      fc.property(soup, (raw) => {
        const text = JSON.stringify([{ content: raw.toWellFormed() }]);
        const bytes = encoder.encode(text);
        const size = bytes.length;
        redactor.open(bytes);
        redactor.maskField(0, size);
        expect(() => JSON.parse(decoder.decode(bytes)) as unknown).not.toThrow();
      }),
      { numRuns: 1000 },
    );
  });

  it("masks everything the first time", () => {
    fc.assert(
      fc.property(soup, (raw) => {
        const once = redact(raw.toWellFormed());
        expect(redact(once)).toBe(once);
      }),
      { numRuns: 1000 },
    );
  });

  it("decides a short field as it decides the same field in a long one, wherever that starts", () => {
    fc.assert(
      fc.property(fieldSoup, fc.nat({ max: 20 }), (text, before) => {
        const field = encoder.encode(text);
        const alone = field.slice();
        redactor.open(alone);
        const count = redactor.maskField(0, alone.length);
        // A NUL counts like the edge of a field, so only the size of the field and its alignment change.
        const padded = new Uint8Array(before + field.length + 300);
        const isJson = /^[ \t\r\n]*["[{]/.test(text);
        padded.set(field, before);
        redactor.open(padded);
        const paddedCount = redactor.maskField(isJson ? before : 0, padded.length);
        expect(decoder.decode(padded.subarray(before, before + field.length))).toBe(
          decoder.decode(alone),
        );
        expect(paddedCount).toBe(count);
      }),
      { numRuns: 4000 },
    );
  });

  it("decides a field of any length by its own bytes alone", () => {
    fc.assert(
      fc.property(fieldSoup, neighbour, neighbour, (text, before, after) => {
        const field = encoder.encode(text);
        const parts = [encoder.encode(before), field, encoder.encode(after)] as const;
        const message = Uint8Array.from(parts.flatMap((part) => [...part]));
        const start = parts[0].length;
        redactor.open(message);
        const count = redactor.maskField(start, start + field.length);
        const alone = redactText(text, redactor);
        expect(decoder.decode(message)).toBe(before + alone.text + after);
        expect(count).toBe(alone.count);
      }),
      { numRuns: 2000 },
    );
  });

  it("finds a planted value between harmless words in fields around the border of short ones", () => {
    fc.assert(
      fc.property(plant, fc.nat({ max: 150 }), fc.nat({ max: 40 }), (value, before, after) => {
        const text = `${filler(before)}${value}${filler(after)}`;
        const masked = redact(text);
        expect(masked).not.toContain(value);
        expect(masked.startsWith(filler(before))).toBe(true);
        expect(masked.endsWith(filler(after))).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  it("gives the same result whatever the order in which the fields are asked", () => {
    fc.assert(
      fc.property(fc.array(soup, { minLength: 2, maxLength: 6 }), fc.integer(), (texts, seed) => {
        const random = seededRandom(seed);
        const parts = texts.map((text) => encoder.encode(text.toWellFormed()));
        const bytes = Uint8Array.from(parts.flatMap((part) => [...part]));
        let at = 0;
        const fields = parts.map((part) => [at, (at += part.length)] as const);
        const run = (order: typeof fields): string => {
          const copy = bytes.slice();
          redactor.open(copy);
          for (const [start, end] of order) redactor.maskField(start, end);
          return decoder.decode(copy);
        };
        const alone = texts.map((text) => redact(text.toWellFormed())).join("");
        expect(run(fields)).toBe(alone);
        expect(run(fields.toSorted(() => random() - 0.5))).toBe(alone);
      }),
      { numRuns: 500 },
    );
  });
});

describe("recall", () => {
  it("leaves nothing that eight regular expressions find in generated text, and no planted value", () => {
    const { fields, planted } = messageCorpus(seededRandom(42), {
      bytes: 400_000,
      plantEvery: 300,
    });
    const output = fields.map(redact);
    expect(planted.length).toBeGreaterThan(1000);
    expect(output.flatMap(baselineFindings)).toEqual([]);
    const whole = output.join("\n");
    expect(planted.filter(({ value }) => whole.includes(value))).toEqual([]);
    const baseline = fields.map(baselineRedact).join("\n");
    expect(planted.filter(({ value }) => baseline.includes(value))).toEqual([]);
  });

  const path = new URL(
    "../../../../shared/fixtures/pii/presidio_synth_dataset_v2.json",
    import.meta.url,
  );
  it.runIf(existsSync(path))(
    "reaches the published recall on Presidio's synthetic sentences (fixture present)",
    () => {
      const records = JSON.parse(readFileSync(path, "utf8")) as PresidioRecord[];
      const floor = {
        CREDIT_CARD: 0.99,
        PHONE_NUMBER: 0.95,
        EMAIL_ADDRESS: 1,
        IBAN_CODE: 1,
        US_SSN: 1,
        IP_ADDRESS: 1,
      };
      const clean = records.filter((record) => record.spans.length === 0);
      expect(clean.filter((record) => redact(record.full_text) !== record.full_text)).toEqual([]);
      for (const [type, least] of Object.entries(floor)) {
        const recall = (redactSentence: (text: string) => string): number => {
          const found = records.flatMap((record) =>
            record.spans
              .filter((span) => span.entity_type === type)
              .map((span) => !redactSentence(record.full_text).includes(span.entity_value)),
          );
          return found.filter(Boolean).length / found.length;
        };
        expect(recall(redact)).toBeGreaterThanOrEqual(Math.max(least, recall(baselineRedact)));
      }
    },
  );
});

interface PresidioRecord {
  readonly full_text: string;
  readonly spans: readonly { readonly entity_type: string; readonly entity_value: string }[];
}

function examined(text: string): number {
  const before = redactor.examinedBytes;
  redact(text);
  return redactor.examinedBytes - before;
}

describe("hostile input", () => {
  /** `1 1 1 ...` may be a card written digit by digit: each digit starts a look at 26 more. */
  const MAX_EXAMINED_PER_BYTE = 150;
  const KB = 1024;
  it.each(HOSTILE_UNITS)("costs linear work: %j repeated", (unit) => {
    const [small, medium, large] = [4, 64, 100].map((size) =>
      examined(hostileText(unit, size * KB)),
    ) as [number, number, number];
    expect(large).toBeLessThan(100 * KB * MAX_EXAMINED_PER_BYTE);
    expect(medium).toBeLessThanOrEqual(20 * Math.max(small, 4 * KB));
  });
});

it("masks a key of our own, and leaves names that only begin like one", () => {
  const key = `lensai_${"Ab3-_".repeat(9)}`;
  expect(redact(`key ${key} end`)).not.toContain(key);
  expect(redact("lensai_spans_view")).toBe("lensai_spans_view");
});
