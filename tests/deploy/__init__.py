"""What is handed to a cluster: rendered as an operator renders it, judged by schemas and by a policy checker."""
