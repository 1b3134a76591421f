"""The span of a call in the words of the GenAI conventions."""
