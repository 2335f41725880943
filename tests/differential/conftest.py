"""Nothing but the folder on the path, for whoever starts pytest elsewhere."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
