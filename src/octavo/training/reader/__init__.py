"""What the embedded model learns octavo's reading from: examples of octavo's own calls with right replies."""
