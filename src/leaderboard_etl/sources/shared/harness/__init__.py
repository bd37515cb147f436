"""Result files of lm-evaluation-harness: decoding a file, its metrics, their rows, and the scores made from them."""
