"""Servers under load: the API, search in a large library, a large backfill."""
