"""What SQL does badly: curve fits and bootstrap intervals. Frames in, frames out; the same seed gives the same bytes."""
