"""HTTP clients, each an adapter of the one place where calls begin."""
