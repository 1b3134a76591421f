/**
 * Text with a known number of tokens: with the space before it, each of these is one token of OpenAI's tokenizers
 * (cl100k and o200k). 4.4 characters per token, as English prose has.
 */
const WORDS = [
  " the", " over", " and", " with", " for", " said", " you", " that", " was", " from",
  " are", " this", " had", " have", " not", " they", " all", " were", " one", " day",
  " can", " her", " out", " time", " who", " year", " day", " way", " him", " see",
]; // prettier-ignore

export function wordsOf(tokens: number): string {
  let text = "";
  for (let index = 0; index < tokens; index += 1) text += WORDS[index % WORDS.length];
  return text;
}

/** The tokens of a text that is made of these words. */
export function tokensOf(text: string): number {
  let tokens = 0;
  for (let at = text.indexOf(" "); at !== -1; at = text.indexOf(" ", at + 1)) tokens += 1;
  return tokens;
}
