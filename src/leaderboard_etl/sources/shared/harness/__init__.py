"""Result files of lm-evaluation-harness: a file decoded, its metrics, the rows of them, and the scores that they make."""
