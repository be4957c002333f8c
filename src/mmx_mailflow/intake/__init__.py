"""From the bytes of a message to an event: pure, never raises, bounded in time."""
