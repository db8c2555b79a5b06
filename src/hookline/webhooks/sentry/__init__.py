"""Payloads, text and triggers of Sentry."""
