"""What all local models share: catalog, fetching, pool, memory, threads and batching."""
