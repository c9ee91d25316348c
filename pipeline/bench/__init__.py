"""What is claimed is measured here: accuracy on the real development sheets, and speed beside the bare decode."""
