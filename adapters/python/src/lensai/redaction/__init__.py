"""Masking of secrets and personal data, by the rules of the collector: what each detector of `otel-config/src/redaction`
finds, the one of the same name here finds, held to it by vectors.
"""
