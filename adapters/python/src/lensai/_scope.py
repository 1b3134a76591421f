"""Instrumentation scope of every span: collectors tell by it how the counts are meant."""

INSTRUMENTATION_SCOPE = "lensai"

INSTRUMENTATION_VERSION = "0.1.0"
"""The version in pyproject.toml; a test compares them."""
