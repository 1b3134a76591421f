import { kept, ofKind, providerUsage, text } from "./dialect.ts";
import type { Dialect } from "./dialect.ts";

/** Google's Agent Development Kit: OTel names, with the request and the answer as JSON of its own. */
export const GOOGLE_ADK: Dialect = {
  name: "google-adk",
  signs: { attributes: ["gcp.vertex.agent.*"], scopes: ["gcp.vertex.agent"] },
  records: [
    { name: "call_llm", role: "inference" },
    { name: "generate_content", role: "inference" },
    { name: "invocation", role: "agent" },
  ],
  fields: [
    kept(text("session_id", "gcp.vertex.agent.session_id")),
    ofKind("content", "input_messages", "gcp.vertex.agent.llm_request"),
    {
      ...ofKind("content", "output_messages", "gcp.vertex.agent.llm_response"),
      members: [
        // Of Python, and of JavaScript.
        providerUsage("usage_metadata"),
        providerUsage("usageMetadata"),
      ],
    },
  ],
};
