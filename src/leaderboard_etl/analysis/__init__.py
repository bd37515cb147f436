"""Analyses that SQL does badly: fits, lags with censoring, bootstrap intervals. Each takes frames and returns frames;
the same seed gives the same result."""
