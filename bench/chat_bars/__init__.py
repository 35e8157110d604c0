"""What `bench/chat.py` measures, a file for each part."""
