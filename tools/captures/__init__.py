"""The cases of testdata/captures that tools/make_captures.py writes: what goes into each capture, and the rows that must come out."""
