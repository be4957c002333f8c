"""Readers of facts, a module a sort of fact; each says what it could not tell."""
