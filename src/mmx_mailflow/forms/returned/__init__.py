"""What came back: pages, codes, filled-in values, checks."""
