"""Published scores of language models, from the Hugging Face Hub to a DuckDB warehouse."""

__version__ = "0.2.0"
