/**
 * The name of a model without what one record of a call says and another leaves out: the vendor's or the
 * cloud's prefix, the region, the date and the revision. Only for telling whether two records can speak of
 * one call; prices go by the full name.
 */

const PATH = /^.*\//;
/** Bedrock: "us.anthropic.claude-…"; a dot in a version ("gpt-4.1") has no letters before it. */
const VENDOR =
  /^(?:(?:us|eu|apac|jp|au|global|us-gov)\.)?(?:anthropic|amazon|meta|mistral|cohere|ai21|openai|deepseek|qwen|google)\./;
const REVISIONS: readonly RegExp[] = [
  /:\d+$/, // Bedrock: "-v1:0"
  /-v\d+$/,
  /[-@]?(?:20\d{2})-?(?:0[1-9]|1[0-2])-?(?:0[1-9]|[12]\d|3[01])$/,
  /[-@](?:latest|default)$/,
  /-\d{3,4}$/, // Gemini: "-001"; OpenAI and Mistral: "-0125", "-2402"
];

export function modelFamily(model: string): string {
  let family = model.trim().toLowerCase().replace(PATH, "").replace(VENDOR, "");
  for (const revision of REVISIONS) {
    const rest = family.replace(revision, "");
    if (rest !== "") family = rest;
  }
  return family;
}
