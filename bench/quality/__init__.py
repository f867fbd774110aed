"""Results against the truth: search, controls, and the pipeline next to a plain script."""
