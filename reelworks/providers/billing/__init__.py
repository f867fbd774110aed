"""Prices of hosted models and the bill of a job."""
