"""The arithmetic: ageing, segments, scores, allocation, commission, evaluation and the simulated world; pure functions over typed frames."""
