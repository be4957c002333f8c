"""The authorization form: what goes out and what comes back; pure."""
