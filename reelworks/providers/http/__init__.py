"""HTTP for servers that may be slow or hostile: public addresses, deadlines, Retry-After."""
