/**
 * Why our price stays where a second public list has another one. Where that list was right, the price is
 * in `otel-config/src/pricing/list-corrections.ts` or `list-tiers.ts`, and there is no difference any more.
 */
export interface Decision {
  /** Heading of its part of the page. */
  readonly title: string;
  readonly why: string;
  readonly source: string;
  /** What it is about; a field that is absent fits everything. */
  readonly providers?: readonly string[];
  readonly models?: RegExp;
  readonly tiers?: readonly string[];
  readonly units?: RegExp;
  readonly namedBy?: "both" | "ours" | "theirs";
  readonly theirsIsZero?: true;
  readonly oursIsUnknown?: true;
}

const OPENAI = ["openai", "azure.ai.openai"];
const GOOGLE = ["gcp.gemini", "gcp.vertex_ai"];
const OPENAI_PRICING = "https://developers.openai.com/api/docs/pricing";
const GEMINI_PRICING = "https://ai.google.dev/gemini-api/docs/pricing";
const CLAUDE_PRICING = "https://platform.claude.com/docs/en/about-claude/pricing";
const BEDROCK_PRICING = "https://aws.amazon.com/bedrock/pricing/";
const AZURE_PRICING =
  "https://azure.microsoft.com/en-us/pricing/details/cognitive-services/openai-service/";
const MISTRAL_PRICING = "https://mistral.ai/pricing";
const BASE_LIST = "https://github.com/pydantic/genai-prices";

/** The first that fits a difference decides it; a test fails for a difference that none fits. */
export const DECISIONS: readonly Decision[] = [
  {
    title: "A price that only our list names",
    why: "The other list leaves it out and would charge the price of the whole in its place: cached tokens as uncached, images as text, searches not at all.",
    source: BASE_LIST,
    namedBy: "ours",
  },
  {
    title: "An output price of zero for a model without output",
    why: "Embeddings have no output. Our list has no price for it, so that output tokens on such a call would be seen as the mistake they are.",
    source: BASE_LIST,
    units: /^output_mtok$/,
    models: /embed|^ada$/,
    theirsIsZero: true,
  },
  {
    title: "Searches on Bedrock and Vertex AI",
    why: "Charged by queries, prompts or not at all, beyond a free number per day: the count on one call does not give the fee. A call that counts searches has an unknown cost there, until an override says otherwise.",
    source: "https://cloud.google.com/vertex-ai/generative-ai/pricing",
    providers: ["aws.bedrock", "gcp.vertex_ai"],
    units: /^web_searches/,
  },
  {
    title: "Grounding with Google Search",
    why: "Charged per prompt (per query since Gemini 3) beyond a free number per day: the count on one call does not give the fee. A call that counts searches has an unknown cost, until an override says otherwise.",
    source: GEMINI_PRICING,
    providers: ["gcp.gemini"],
    units: /^web_searches/,
  },
  {
    title: "Web search of OpenAI by size of context",
    why: "The other list has the prices of 2025, which depended on the size of the context. One price per thousand calls since.",
    source: OPENAI_PRICING,
    providers: OPENAI,
    units: /^web_searches/,
  },
  {
    title: "Where a price tier begins, to the token",
    why: "Ours begins at 272,000 (200,000 for Grok) input tokens, theirs one token later. The providers quote the lower price for less than that number.",
    source: OPENAI_PRICING,
    units: /> (271999|199999)$/,
  },
  {
    title: "Cached input of OpenAI's pro models",
    why: "OpenAI quotes no price for cached input of these models, so that cached tokens cost what uncached ones do.",
    source: OPENAI_PRICING,
    providers: OPENAI,
    models: /-pro(-|$)/,
    units: /^cache_read_mtok/,
  },
  {
    title: "Cached input of the search preview models",
    why: "OpenAI quotes no price for cached input of these models.",
    source: OPENAI_PRICING,
    providers: ["openai"],
    models: /^gpt-4o-search-preview/,
    units: /^cache_read_mtok/,
  },
  {
    title: "A cache write price of a fine-tuned model",
    why: "OpenAI charges no cache writes for GPT-4o; the other list has the price of cached input in the wrong field.",
    source: OPENAI_PRICING,
    providers: ["openai"],
    models: /^ft:gpt-4o-2024-11-20/,
    units: /^cache_write_mtok/,
  },
  {
    title: "Speech models of OpenAI",
    why: "The price of audio is its own; the other list has the price of text for it, or the other way round.",
    source: "https://developers.openai.com/api/docs/models/gpt-4o-transcribe",
    providers: OPENAI,
    models: /transcribe|-tts/,
  },
  {
    title: "Audio and realtime models on Azure",
    why: "The other list has prices of the first previews, or those of the large model for the small one. Ours are today's prices of OpenAI, which Azure follows.",
    source: AZURE_PRICING,
    providers: ["azure.ai.openai"],
    models: /audio|realtime/,
  },
  {
    title: "Data zones of Azure",
    why: "The other list has the price of a data zone, a tenth above the price of a global deployment. A response does not say which one answered; set the other price as an override where it applies.",
    source: AZURE_PRICING,
    providers: ["azure.ai.openai"],
    models: /^(gpt-4o-2024-11-20|gpt-4o-mini|gpt-4o-mini-2024-07-18|o1-mini)$/,
  },
  {
    title: "Rounded prices of cached input",
    why: "One of the two lists rounds to whole cents. The difference is below 0.01 dollars per million tokens; that of a tier follows exactly from its factor.",
    source: OPENAI_PRICING,
    units: /^cache_read_mtok$/,
    models: /^(o4-mini|gpt-5\.4|gemini-3\.5-flash-lite)/,
  },
  {
    title: "Images of gpt-image-2",
    why: "Ours is the price of image output, which is what this model puts out; theirs is that of text.",
    source: OPENAI_PRICING,
    providers: OPENAI,
    models: /^gpt-image-2/,
    units: /^output_mtok/,
  },
  {
    title: "Priority processing of GPT-5.5",
    why: "OpenAI's page says $12.50, $1.25 and $75.",
    source: "https://openai.com/api-priority-processing/",
    providers: ["openai"],
    models: /^gpt-5\.5/,
    tiers: ["priority"],
  },
  {
    title: "Priority prices that are no such prices",
    why: "Fifty times the standard price of GPT-5 nano is a slip, and no priority price of Gemini 2.5 Pro is the standard one. Without a published price the cost of such a call is unknown.",
    source: "https://openai.com/api-priority-processing/",
    models: /^(gpt-5-nano|gemini-2\.5-pro)$/,
    tiers: ["priority"],
    oursIsUnknown: true,
  },
  {
    title: "One hour cache writes of Claude 3",
    why: "Anthropic charges twice the input price: $0.50 for Haiku and $30 for Opus. The other list has that of Sonnet for all.",
    source: CLAUDE_PRICING,
    providers: ["anthropic"],
    models: /^claude-3-(haiku|opus)/,
    units: /^cache_write_1h_mtok/,
  },
  {
    title: "One hour cache writes in long context",
    why: "Twice the input price, and the input price is twice as high above 200,000 tokens.",
    source: CLAUDE_PRICING,
    providers: ["anthropic", "gcp.vertex_ai"],
    models: /sonnet/,
    units: /^cache_write_1h_mtok > 200000/,
  },
  {
    title: "Long context of Claude Opus 4.6 on Vertex AI",
    why: "The base list, which is four months newer, has a price above 200,000 tokens for Vertex AI; the other list has none. Not confirmed by a page that can be read without a browser.",
    source: BASE_LIST,
    providers: ["gcp.vertex_ai"],
    models: /^claude-opus-4-6/,
    units: /> 200000/,
  },
  {
    title: "Claude Haiku 3.5 on Vertex AI",
    why: "The other list has the price of the launch, which was lowered to $0.80 and $4 in December 2024.",
    source: CLAUDE_PRICING,
    providers: ["gcp.vertex_ai"],
    models: /^claude-3-5-haiku/,
  },
  {
    title: "Batches of long prompts",
    why: "The other list has one price per model for batches. Half of the standard price is half of the long context price, too.",
    source: "https://ai.google.dev/gemini-api/docs/optimization",
    providers: GOOGLE,
    tiers: ["batch"],
    units: /> 200000/,
  },
  {
    title: "Claude on Bedrock outside the global profile",
    why: "The other list has the price of the global inference profile for the bare name of the model, and for one regional profile. Calls that stay in a region cost a tenth more.",
    source: CLAUDE_PRICING,
    providers: ["aws.bedrock"],
    models: /^((eu\.)?anthropic\.)?claude-(haiku|opus|sonnet|fable)-/,
  },
  {
    title: "Long context of Claude 3.5 Sonnet on Bedrock",
    why: "The context of this model ends at 200,000 tokens.",
    source: CLAUDE_PRICING,
    providers: ["aws.bedrock"],
    models: /claude-3-5-sonnet/,
    units: /> 200000/,
  },
  {
    title: "Prompt caching of old Claude models on Bedrock",
    why: "Bedrock has no prompt caching for these models.",
    source: "https://docs.aws.amazon.com/bedrock/latest/userguide/prompt-caching.html",
    providers: ["aws.bedrock"],
    models: /claude-3-(haiku|opus)/,
    units: /^cache_/,
  },
  {
    title: "AWS GovCloud",
    why: "A fifth above the public regions by the other list; our list has no prices of GovCloud. Set them as an override where they apply.",
    source: BEDROCK_PRICING,
    providers: ["aws.bedrock"],
    models: /^us-gov\./,
  },
  {
    title: "Older models on Bedrock",
    why: "The other list has prices of the launch, or of a region, where AWS has lower ones today.",
    source: BEDROCK_PRICING,
    providers: ["aws.bedrock"],
    models: /titan-text|llama3-[12]|mistral-large-2402|claude-3-5-haiku|qwen3-coder/,
  },
  {
    title: "Previews and speech of Gemini",
    why: "Google lowered the price of cached input after the previews, and quotes prices of its own for speech and native audio; the other list has those of the text model.",
    source: GEMINI_PRICING,
    providers: GOOGLE,
    models: /preview-(09-2025|06-17|tts)|native-audio/,
  },
  {
    title: "Gemini models without context caching",
    why: "Google quotes no price for cached input, and none for audio, of these models.",
    source: GEMINI_PRICING,
    providers: GOOGLE,
    models: /^gemini-(2\.0-flash-lite|2\.5-flash-image)/,
    units: /^(cache_read|input_audio)_mtok/,
  },
  {
    title: "Prices of zero for retired Gemini models",
    why: "A list without a price is not a model without a price.",
    source: GEMINI_PRICING,
    providers: GOOGLE,
    models: /^gemini-(1\.5-flash|2\.0-flash-exp)/,
    theirsIsZero: true,
  },
  {
    title: "Models whose price changed after July 2026",
    why: "The second list is of 2026-07-24; the base list is four months newer.",
    source: BASE_LIST,
    models:
      /^(gemini-3\.6-flash|gemini-3\.5-flash|gemini-3\.1-flash-image|gpt-realtime-2|grok-4\.5|deepseek-v3\.2)/,
  },
  {
    title: "Cache writes of DeepSeek",
    why: "DeepSeek reports no cache writes. If a client does, they are input tokens that were not in the cache, and cost that.",
    source: "https://api-docs.deepseek.com/guides/kv_cache",
    providers: ["deepseek"],
    units: /^cache_write_mtok/,
  },
  {
    title: "Prices of Mistral",
    why: "The other list has free trials, and prices before those of September 2024 and May 2025.",
    source: MISTRAL_PRICING,
    providers: ["mistral_ai"],
  },
  {
    title: "A retired model of Groq",
    why: "Not served since 2024; ours is the last price that Groq quoted.",
    source: "https://console.groq.com/docs/deprecations",
    providers: ["groq"],
    models: /^gemma-7b-it$/,
  },
  {
    title: "The short name of Grok 4",
    why: "The other list has the price of long prompts for grok-4-0709 and grok-4-latest, and not for grok-4, which is the same model.",
    source: "https://docs.x.ai/docs/models",
    providers: ["x_ai"],
    models: /^grok-4$/,
    units: /> 128000/,
  },
];
