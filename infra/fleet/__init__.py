"""Objects of a fleet on the Prefect server: pools, queues, rules, deployments."""
