"""What all transports have in common: an attempt, and what is told of the body of its answer."""
