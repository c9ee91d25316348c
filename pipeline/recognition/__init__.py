"""What stands in the boxes and bubbles of a registered photo: patches cut, light taken out, signs and marks read as distributions."""
