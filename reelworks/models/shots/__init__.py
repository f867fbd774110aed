"""Shot boundary detection by a network."""
