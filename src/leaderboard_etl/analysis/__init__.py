"""What SQL does badly: curve fits, lags with censoring, bootstrap intervals. Frames in, frames out; the same seed gives the same bytes."""
