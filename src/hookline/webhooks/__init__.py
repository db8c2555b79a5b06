"""One independent handler per provider, each with the parts that only it needs in a folder beside it."""
