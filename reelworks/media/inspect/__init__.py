"""Inspection of media files before they are decoded: sniffing, probing, sizes and times."""
