"""Attribute names: those of the OpenTelemetry GenAI conventions (generation 3), and LensAI's own.

The same as in the JavaScript package; the vectors in tests/vectors hold both to it.
"""

OPERATION_NAME = "gen_ai.operation.name"
PROVIDER_NAME = "gen_ai.provider.name"
REQUEST_MODEL = "gen_ai.request.model"
REQUEST_STREAM = "gen_ai.request.stream"
RESPONSE_MODEL = "gen_ai.response.model"
RESPONSE_ID = "gen_ai.response.id"
FINISH_REASONS = "gen_ai.response.finish_reasons"
TIME_TO_FIRST_CHUNK_SECONDS = "gen_ai.response.time_to_first_chunk"
WORKFLOW_NAME = "gen_ai.workflow.name"

INPUT_TOKENS = "gen_ai.usage.input_tokens"
OUTPUT_TOKENS = "gen_ai.usage.output_tokens"
CACHE_READ_INPUT_TOKENS = "gen_ai.usage.cache_read.input_tokens"
CACHE_WRITE_INPUT_TOKENS = "gen_ai.usage.cache_write.input_tokens"
REASONING_OUTPUT_TOKENS = "gen_ai.usage.reasoning.output_tokens"
AUDIO_INPUT_TOKENS = "gen_ai.usage.audio.input_tokens"
AUDIO_OUTPUT_TOKENS = "gen_ai.usage.audio.output_tokens"
IMAGE_INPUT_TOKENS = "gen_ai.usage.image.input_tokens"
IMAGE_OUTPUT_TOKENS = "gen_ai.usage.image.output_tokens"

ANTHROPIC_SERVICE_TIER = "anthropic.response.service_tier"
ANTHROPIC_CACHE_WRITE_5M = "anthropic.usage.cache_creation.ephemeral_5m_input_tokens"
ANTHROPIC_CACHE_WRITE_1H = "anthropic.usage.cache_creation.ephemeral_1h_input_tokens"

OPENAI_API_TYPE = "openai.api.type"
OPENAI_SYSTEM_FINGERPRINT = "openai.response.system_fingerprint"
OPENAI_SERVICE_TIER = "openai.response.service_tier"

SERVER_ADDRESS = "server.address"
SERVER_PORT = "server.port"
ERROR_TYPE = "error.type"
HTTP_STATUS_CODE = "http.response.status_code"
HTTP_RESEND_COUNT = "http.request.resend_count"

USER = "user.id"
SESSION = "session.id"
TENANT = "lensai.tenant"
TEAM = "lensai.team"
FEATURE = "lensai.feature"
ROUTE = "lensai.route"

BUDGET_DECISION = "lensai.budget.decision"
USAGE_SOURCE = "lensai.usage.source"
USAGE_ESTIMATED_OUTPUT_TOKENS = "lensai.usage.estimated_output_tokens"
USAGE_WEB_SEARCHES = "lensai.usage.web_searches"
USAGE_COST_USD = "lensai.usage.cost_usd"
OBSERVATION_PROBLEM = "lensai.observation.problem"
