"""Payloads, text and triggers of Slack."""
