"""Instrumentation scope of every span: collectors tell by it how the counts are meant."""

INSTRUMENTATION_SCOPE = "lensai"

DEFERRED_SCOPE = f"{INSTRUMENTATION_SCOPE}/deferred"
"""Scope of the spans of answers that are fetched later. The request that asked for such an answer has a span of the other
scope: what two scopes tell of one response id is one call, what one tells are two."""

INSTRUMENTATION_VERSION = "0.1.0"
"""The version in pyproject.toml; a test compares them."""
