"""The intake: it takes jobs from the ledger and has Prefect run them."""
