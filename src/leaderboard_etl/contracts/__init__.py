"""What tables must look like: the registry of tables and columns, their vocabularies, and migrations."""
