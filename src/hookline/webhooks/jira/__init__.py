"""Payloads, text and triggers of Jira."""
