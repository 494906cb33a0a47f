"""The figures: that they are measured on the right thing. How high they are is nobody's business here."""
