"""An article's source, and what the warehouse says of the numbers and sentences in it."""
