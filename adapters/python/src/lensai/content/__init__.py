"""What models are asked and answer, when asked for: read from bodies of any API, masked, as messages of the conventions."""
