"""Media files: ffmpeg arguments and runs, frame reading, NVENC, thumbnails.

Pure argument builders and thin readers; no stage, no model and no store lives in this package.
"""
