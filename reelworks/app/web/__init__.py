"""The pages: HTML for browsers, served by the process of the API."""
