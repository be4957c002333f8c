"""The operator's verbs, a module a group; `main` is where they are put together."""
