"""The pages: what people look at in a browser, served by the API's process."""
