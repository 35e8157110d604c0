"""Engine: an empty database whose planner believes that it is production; plans, prices and comparisons on it."""
