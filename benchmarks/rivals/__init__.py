"""What the judge is compared with: each a program of its own, which reads files and writes JSON."""
