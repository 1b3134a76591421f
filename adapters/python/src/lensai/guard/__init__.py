"""Decides about calls of models before they are made: kill-switches and budgets, from memory, by a policy."""
