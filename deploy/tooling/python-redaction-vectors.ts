import { createRedactor, redactText } from "@lensai/otel-config/redaction/redactor";
import { PLANTS, characters, pick, seededRandom } from "../../otel-config/test/redaction/corpus.ts";
import type { Random } from "../../otel-config/test/redaction/corpus.ts";
import { HARMLESS } from "../../otel-config/test/redaction/harmless.ts";
import { HOSTILE_UNITS } from "../../otel-config/test/redaction/hostile.ts";

/** What the rules of redaction make of texts: the Python package's are held to them. A line per text. */
export function redactionVectorsJson(): string {
  const redactor = createRedactor();
  const texts = [...Object.values(HARMLESS).flat(), ...madeTexts()];
  const lines = texts.map((text) => {
    const masked = redactText(text, redactor).text;
    return JSON.stringify(masked === text ? [text] : [text, masked]);
  });
  return `[\n${lines.join(",\n")}\n]\n`;
}

const TEXTS = 1500;
const PIECES_MAX = 10;
/** What stands beside numbers and secrets, and changes what they are. */
const SURROUNDINGS = [
  ...Array.from(" \n\t.,-()+@:/=_*%\\\"'{}[]#x0é漢🙂"),
  ..."phone: |call me at |my ssn |card | ext. 12|x12| fax|-Office|version |v|+1 |00|==|+44 ".split(
    "|",
  ),
  ...'Bearer |Basic |api_key=|"password": "|aws_secret_access_key: |\\": \\"|://|git@'.split("|"),
  ..."sk-|eyJ|ya29.|hooks.slack.com/services/|AKIA|-----BEGIN RSA PRIVATE KEY-----|-----END ".split(
    "|",
  ),
  ..."\\n|\\u00e9|\\u0040|\\u002b|%40|%2B|%20|\u00A0|–|::|12|345|6789|2024|01|19-".split("|"),
  ..."555-123-4567|(0171) 234567|078-05-1120|078051120|4111111111111111|8.8.8.8|::1".split("|"),
  ..."example.com|alice|a.b+c|xn--p1ai|2x.png|GB82|WEST1234|abcdefghijklmnopqrstuv1".split("|"),
];

/** Values of every rule and what looks like them, between what changes their meaning; always the same ones. */
function madeTexts(): string[] {
  const random = seededRandom(20_261_130);
  return Array.from({ length: TEXTS }, () => {
    const pieces = 1 + Math.floor(random() * PIECES_MAX);
    return Array.from({ length: pieces }, () => piece(random)).join("");
  });
}

function piece(random: Random): string {
  const kind = random();
  if (kind < 0.35) return changed(random, pick(random, Object.values(PLANTS))(random));
  if (kind < 0.4) return pick(random, HOSTILE_UNITS).repeat(3);
  if (kind < 0.5) return characters(random, "0123456789", 1 + Math.floor(random() * 6));
  return pick(random, SURROUNDINGS);
}

/** One in four has something in its middle. */
function changed(random: Random, value: string): string {
  if (random() < 0.75) return value;
  const at = Math.floor(random() * value.length);
  return value.slice(0, at) + pick(random, SURROUNDINGS) + value.slice(at + 1);
}
