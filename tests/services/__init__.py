"""What each service decides, by given, when and then."""
