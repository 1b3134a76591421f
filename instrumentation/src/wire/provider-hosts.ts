/** Who serves models where: gen_ai.provider.name by host. */
export interface ProviderHost {
  readonly provider: string;
  /** Matched against the host with its port. */
  readonly host: RegExp;
  /** Usage tables of its own, by the name of the API's. */
  readonly usage?: Readonly<Record<string, string>>;
  /** Refuses what it does not know, or reports the usage of streams in any case. */
  readonly hasNoStreamUsageOption?: boolean;
}

export const PROVIDER_HOSTS: readonly ProviderHost[] = [
  { provider: "openai", host: /^(?:\w+\.)?api\.openai\.com$/ },
  {
    provider: "azure.ai.openai",
    host: /\.(?:openai\.azure\.(?:com|us|cn)|cognitiveservices\.azure\.com)$/,
  },
  {
    provider: "azure.ai.inference",
    host: /\.(?:services\.ai|models\.ai|inference\.ml)\.azure\.com$/,
  },
  { provider: "anthropic", host: /^api\.anthropic\.com$/ },
  { provider: "gcp.gemini", host: /^generativelanguage\.googleapis\.com$/ },
  { provider: "gcp.vertex_ai", host: /^(?:[\w-]+-)?aiplatform\.googleapis\.com$/ },
  {
    provider: "aws.bedrock",
    host: /^bedrock-(?:runtime(?:-fips)?\.[\w-]+\.amazonaws\.com(?:\.cn)?|mantle\.[\w-]+\.api\.aws)$/,
  },
  { provider: "cohere", host: /^api\.cohere\.(?:com|ai)$/ },
  {
    provider: "mistral_ai",
    host: /^(?:api|codestral)\.mistral\.ai$/,
    hasNoStreamUsageOption: true,
  },
  { provider: "groq", host: /^api\.groq\.com$/ },
  { provider: "deepseek", host: /^api\.deepseek\.com$/ },
  { provider: "x_ai", host: /^(?:[\w-]+\.)?api\.x\.ai$/, usage: { "openai.chat": "x_ai.chat" } },
  {
    provider: "perplexity",
    host: /^api\.perplexity\.ai$/,
    usage: { "openai.chat": "perplexity.chat" },
    hasNoStreamUsageOption: true,
  },
  { provider: "openrouter", host: /^openrouter\.ai$/ },
  { provider: "moonshot_ai", host: /^api\.moonshot\.(?:ai|cn)$/ },
  { provider: "together_ai", host: /^api\.together\.(?:xyz|ai)$/ },
  { provider: "fireworks_ai", host: /^api\.fireworks\.ai$/ },
  { provider: "cerebras", host: /^api\.cerebras\.ai$/ },
  // Its usual port; the host is whatever the machine is called.
  { provider: "ollama", host: /:11434$/ },
];

/** The entry of a host ("api.openai.com", "localhost:11434"); undefined for one that nobody is known by. */
export function providerHostOf(host: string): ProviderHost | undefined {
  return PROVIDER_HOSTS.find((each) => each.host.test(host));
}
