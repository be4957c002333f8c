"""The case and every decision about it: pure, no clock, no chance, no outside world."""
