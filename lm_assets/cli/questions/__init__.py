"""What a language model may ask of the platform: bounded answers, and nothing that writes."""
