"""Local models, one package per capability, and the runtime that they share.

Capabilities do not import one another, and nothing imports a runtime before a model is loaded.
"""
