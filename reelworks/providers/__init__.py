"""Hosted services, one package per vendor, and the HTTP and billing that they share.

No package of a vendor imports another's.
"""
