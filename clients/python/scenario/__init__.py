"""A test of the contract, in the order in which a user meets it."""
