"""The read models and the projector."""
