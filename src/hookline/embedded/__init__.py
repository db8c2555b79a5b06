"""What the embedded default brings along: a Valkey, its secrets, and the lock of the home folder."""
