"""One video: how long it takes, as a ratio to ffmpeg and to a plain script."""
