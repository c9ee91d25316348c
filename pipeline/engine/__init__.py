"""The same work on one core or on all of them."""
