"""The image and the compose file, built and run by the container engine of this machine."""
