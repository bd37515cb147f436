"""Numbers drawn from the warehouse's points: lags, frontiers and fits. Frames in, frames out; nothing here reads a file."""
