"""Payloads, text and triggers of GitHub."""
