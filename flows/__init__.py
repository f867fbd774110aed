import reelworks  # noqa: F401 - before Prefect, which reports its import
