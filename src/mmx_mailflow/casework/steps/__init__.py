"""The functions that rows of the table name, a module a theme."""
