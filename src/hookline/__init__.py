"""Hookline: signed webhooks in, durable tasks out."""
