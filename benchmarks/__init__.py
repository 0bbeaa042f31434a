"""What Airlock costs through a real broker, beside the same step in stock Faust and Quix Streams; see README.md."""
