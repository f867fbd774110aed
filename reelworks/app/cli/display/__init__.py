"""What the command line shows: tables, and the progress of runs and backfills."""
