"""Tenants, keys, staff and the audit trail: who may see and do what."""
