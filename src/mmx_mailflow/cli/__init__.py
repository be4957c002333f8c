"""The verbs of the operator, a module a group."""
