"""What the product costs beside a bare application on the same framework: ``make bench``, told in docs/performance.md."""
