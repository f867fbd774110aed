"""Several workers: throughput, warm starts, planned times, and processes that are killed."""
