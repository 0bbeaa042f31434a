"""Rules and models that others ship or publish, to be measured beside Airlock's detectors."""
