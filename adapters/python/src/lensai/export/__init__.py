"""Signed export: what the official OTLP exporters send, signed as RFC 9421 says."""
