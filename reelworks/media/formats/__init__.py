"""Text formats of media: subtitles and edit decision lists. Pure functions, no files."""
