"""What warm workers say of themselves: a file each, read by API, command line and metrics."""
