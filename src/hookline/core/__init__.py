"""What Hookline decides: intake, commands, policy, resilience and the task log; no driver, no server."""
