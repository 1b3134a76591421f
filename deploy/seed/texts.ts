import type { Random } from "./random.ts";
import type { Attributes } from "./span.ts";

const QUESTIONS = [
  "Where is my order? I was told it would arrive on Tuesday.",
  "Which of these two backpacks fits under an airplane seat?",
  "Please summarise this thread for the person who takes over tomorrow.",
  "Why does the checkout test fail only on the second run?",
  "Extract the termination clause and its notice period.",
  "Translate the product text into Dutch, keep the measurements.",
  "The invoice has the wrong address, can you send a new one?",
];
const ANSWERS = [
  "It left our warehouse yesterday evening and should reach you within two days.",
  "The smaller one does: 40 x 20 x 25 cm is what most airlines allow.",
  "The customer received the wrong size twice and now asks for a refund; a return label was sent.",
  "The first run leaves a coupon behind in the shared cart, so the second total is lower.",
  "Section 9.2: either party may terminate with ninety days' written notice.",
  "Done. The measurements are unchanged.",
];
/** Made-up personal data, as it really turns up in prompts: what redaction is for. */
const PERSONAL = [
  "You can reach me at mara.lindqvist@example.com.",
  "My number is +1 415 555 0142.",
  "The card ends in 1111, in full 4111 1111 1111 1111.",
  "It was sent to DE89 3704 0044 0532 0130 00.",
];
const PERSONAL_SHARE = 0.3;

/** Captured messages in the form of the OTel GenAI conventions. */
export function conversationText(random: Random, feature: string): Attributes {
  const question = random.pick(QUESTIONS);
  const asked = random.chance(PERSONAL_SHARE) ? `${question} ${random.pick(PERSONAL)}` : question;
  return {
    "gen_ai.input.messages": JSON.stringify([
      { role: "user", parts: [{ type: "text", content: asked }] },
    ]),
    "gen_ai.output.messages": JSON.stringify([
      {
        role: "assistant",
        parts: [{ type: "text", content: random.pick(ANSWERS) }],
        finish_reason: "stop",
      },
    ]),
    "gen_ai.system_instructions": JSON.stringify([
      { type: "text", content: `You help with ${feature}. Be brief and say when you do not know.` },
    ]),
  };
}
