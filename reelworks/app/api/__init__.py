"""The HTTP API: what ``python -m reelworks.app`` serves."""
