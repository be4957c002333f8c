"""Embedded IMAP and SMTP servers for `demo` and `sandbox`."""
