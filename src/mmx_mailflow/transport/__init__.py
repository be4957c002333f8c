"""The outside world: mailbox, mail server, clock; no decisions."""
