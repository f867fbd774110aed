"""Commands of ``reelworks``, one module for each; they parse, call a use case and print.

What several of them share (options, tables, services) lives one folder up.
"""
