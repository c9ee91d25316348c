"""Review: people type what the machine doubts, without seeing what it read, and what two of them cannot settle a third decides."""
