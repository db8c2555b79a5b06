"""`scripts/bench queue`: what the queue can carry, beside others on the same server."""
