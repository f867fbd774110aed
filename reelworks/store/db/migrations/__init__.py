"""Numbered steps that bring the tables from one release to the next.

Each has notes that say what it changes and what it costs on a large library. After editing
``reelworks.store.db.schema``, write the next step and raise ``REVISION`` there; a test compares the
tables that the steps make with those that the schema states.
"""
