"""Speech recognition and voice activity detection."""
