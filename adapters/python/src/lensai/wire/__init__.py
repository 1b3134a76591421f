"""Which request is a call of a model, and what its answer says: tables that are generated from those of the
JavaScript package (`wire_tables.json`), and the pure functions that read them.
"""
