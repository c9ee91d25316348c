"""Sirekap: photos of handwritten Indonesian result forms in, checked numbers out."""

__version__ = "0.1.0"
