"""The publisher: the site with its lectures and the demo board, made from docs/ and the stored notebooks."""
