"""Benchmarks: each compares measurements from one run and prints their ratios."""
