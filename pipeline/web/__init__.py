"""Sirekap Web: pages for the people who send, look at, decide and follow the sheets."""
