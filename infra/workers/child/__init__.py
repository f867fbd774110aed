"""One child interpreter: its program, its handle, their messages, its slot in the worker."""
