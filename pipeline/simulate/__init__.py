"""Make the sheets that no one may publish: fill a drawn form by hand, photograph it, and know the truth of every number."""
