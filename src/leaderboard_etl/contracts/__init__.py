"""What tables and records must look like: the registry of columns, and the rules that a record must keep."""
