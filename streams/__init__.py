"""The shell: Kafka, Faust, files and the command line around the pure core."""
