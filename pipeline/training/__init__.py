"""Train, calibrate and export the models of the reader. Needs the extra `train` (PyTorch); nothing else in the package imports it."""
