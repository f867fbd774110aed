"""What a fleet has on the Prefect server: pools, queues, rules, deployments."""
