"""The document store, in a folder and in S3, and its service."""
