"""From a decision to the bytes of a letter; pure."""
