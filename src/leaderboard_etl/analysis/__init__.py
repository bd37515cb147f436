"""What SQL does badly: fits, lags with censoring, bootstrap intervals. Frames in, frames out; one seed, one result."""
