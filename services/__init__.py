"""The four services and the projector: each decides its part of a case, and none imports another."""
